// Finds boxes by what they say. Best first: the title, its beginning, any part of the id, anything in the box.
function find(views, wanted) {
  const words = wanted.trim().toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  const rank = (view, box) => {
    const id = `${view.name}.${box.id}`.toLowerCase(), title = box.title.toLowerCase();
    const all = [id, box.what ?? "", ...box.lines].join(" ").toLowerCase();
    if (!words.every((word) => all.includes(word))) return undefined;
    const [word] = words;
    return [title === word || id === word, title.startsWith(word), words.every((one) => id.includes(one)), true].indexOf(true);
  };
  const found = views.flatMap((view) => view.folds.boxes.map((box, at) => ({ view, at, rank: rank(view, box) })));
  return found.filter(({ rank }) => rank !== undefined).sort((a, b) => a.rank - b.rank);
}

const MOST = 50; // results that are listed

class Search {
  // The box at the top: a list below it, chosen from by arrow keys or pointer. `choose(view, at)` is told.
  constructor(input, list, views, choose) {
    Object.assign(this, { input, list, views, choose, found: [], at: 0 });
    input.addEventListener("input", () => this.look());
    input.addEventListener("focus", () => this.look());
    input.addEventListener("blur", () => { list.hidden = true; });
    input.addEventListener("keydown", (event) => this.key(event));
    list.addEventListener("pointerdown", (event) => {
      const item = event.target.closest("[role=option]");
      event.preventDefault();
      if (item) this.take([...list.children].indexOf(item));
    });
  }
  look() {
    this.found = find(this.views, this.input.value);
    const items = this.found.slice(0, MOST).map(({ view, at }, place) => {
      const box = view.folds.boxes[at], item = document.createElement("li");
      item.id = `found-${place}`;
      item.setAttribute("role", "option");
      item.append(Object.assign(document.createElement("b"), { textContent: view.id(at) }), ` ${box.what || box.lines.slice(0, 2).join(", ")}`);
      return item;
    });
    const rest = this.found.length - items.length;
    if (rest > 0 || !items.length) items.push(Object.assign(document.createElement("li"), { textContent: items.length ? `and ${rest} more` : "nothing has these words" }));
    this.list.replaceChildren(...items);
    this.list.hidden = !this.input.value.trim();
    this.input.setAttribute("aria-expanded", !this.list.hidden);
    this.mark(0);
  }
  mark(at) {
    this.at = Math.max(0, Math.min(at, Math.min(this.found.length, MOST) - 1));
    [...this.list.children].forEach((item, place) => item.setAttribute("aria-selected", place === this.at && this.found.length > 0));
    this.list.children[this.at]?.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", `found-${this.at}`);
  }
  key(event) {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") this.mark(this.at + (event.key === "ArrowDown" ? 1 : -1));
    else if (event.key === "Enter") this.take(this.at);
    else if (event.key === "Escape") { this.input.value = ""; this.look(); this.input.blur(); }
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
  take(place) {
    const one = this.found[place];
    if (!one) return;
    this.list.hidden = true;
    this.input.blur();
    this.choose(one.view, one.at);
  }
}
