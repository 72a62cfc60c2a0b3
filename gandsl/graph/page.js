"use strict";
// Opens and shuts groups, draws the lines between what is visible, tells of what one points at.
const { edges, about } = JSON.parse(document.getElementById("data").textContent);
const main = document.querySelector("main"), canvas = document.querySelector("main > svg"), aside = document.querySelector("aside");
const boxes = new Map([...document.querySelectorAll("[data-id]")].map((box) => [box.dataset.id, box]));

function seen(id) {
  // the box itself, or the outermost shut group that hides it
  let box = boxes.get(id), shut = box.parentElement.closest(".shut");
  while (shut) { box = shut; shut = shut.parentElement.closest(".shut"); }
  return box;
}

function rectangle(box) {
  const a = box.getBoundingClientRect(), b = main.getBoundingClientRect();
  return { x: a.left - b.left, y: a.top - b.top, right: a.right - b.left, bottom: a.bottom - b.top,
    middle: (a.left + a.right) / 2 - b.left, centre: (a.top + a.bottom) / 2 - b.top };
}

function common(a, b) {
  let group = a.parentElement.closest(".group");
  while (group && !group.contains(b)) group = group.parentElement.closest(".group");
  return group;
}

function draw() {
  const drawn = new Map(), lanes = new Map();
  for (const [source, target] of edges) {
    const a = seen(source), b = seen(target);
    if (a !== b) drawn.set(a.dataset.id + " " + b.dataset.id, [a, b]);
  }
  // what may stand in the way: shut groups and nodes that show
  const solid = [...boxes.values()].filter((box) => box.offsetParent && (box.matches(".node, .shut"))).map((box) => [box, rectangle(box)]);
  const paths = [];
  for (const [a, b] of drawn.values()) {
    const p = rectangle(a), q = rectangle(b);
    const low = Math.min(p.middle, q.middle) - 1, high = Math.max(p.middle, q.middle) + 1;
    const blocked = q.y < p.bottom || solid.some(([box, r]) => !box.contains(a) && !box.contains(b) && !a.contains(box) && !b.contains(box)
      && r.y < q.y && r.bottom > p.bottom && r.x < high && r.right > low);
    let d;
    if (blocked) {
      const group = common(a, b), lane = lanes.get(group) ?? 0;
      lanes.set(group, lane + 1);
      const side = rectangle(group).right - 7 - (lane % 3) * 7;
      d = `M${p.right},${p.centre} C${side},${p.centre} ${side},${p.centre} ${side},${p.centre + 14} L${side},${q.centre - 14} C${side},${q.centre} ${side},${q.centre} ${q.right},${q.centre}`;
    } else {
      const bend = Math.max((q.y - p.bottom) / 2, 6);
      d = `M${p.middle},${p.bottom} C${p.middle},${p.bottom + bend} ${q.middle},${q.y - bend} ${q.middle},${q.y}`;
    }
    paths.push(`<path d="${d}" class="${blocked ? "far" : ""}" data-ends="${a.dataset.id} ${b.dataset.id}"/>`);
  }
  canvas.innerHTML = paths.join("");
}

function tell(box) {
  for (const hot of document.querySelectorAll(".hot")) hot.classList.remove("hot");
  aside.replaceChildren();
  if (!box) return;
  const id = box.dataset.id, list = document.createElement("dl");
  for (const [name, value] of about[id] ?? []) {
    list.append(Object.assign(document.createElement("dt"), { textContent: name }), Object.assign(document.createElement("dd"), { textContent: value }));
  }
  aside.append(list);
  for (const path of canvas.querySelectorAll("path")) {
    const ends = path.dataset.ends.split(" ");
    if (!ends.includes(id)) continue;
    path.classList.add("hot");
    for (const end of ends) if (end !== id) boxes.get(end).classList.add("hot");
  }
}

function open(which) {
  for (const group of document.querySelectorAll(".group:not(.root)")) {
    group.classList.toggle("shut", which === "none" || (which === "stages" && group.matches(".stage")));
  }
  draw();
}

main.addEventListener("click", (event) => {
  const head = event.target.closest(".head");
  if (head && !head.parentElement.matches(".root")) { head.parentElement.classList.toggle("shut"); draw(); tell(head.parentElement); }
});
main.addEventListener("keydown", (event) => {
  if ((event.key === "Enter" || event.key === " ") && event.target.matches(".head")) { event.preventDefault(); event.target.click(); }
});
for (const kind of ["mouseover", "focusin"]) main.addEventListener(kind, (event) => tell(event.target.closest("[data-id]:not(.root)")));
for (const button of document.querySelectorAll("[data-open]")) button.addEventListener("click", () => open(button.dataset.open));
addEventListener("resize", draw);
draw();
