// The small map of a large page: where its boxes are, and what part of it one sees.
class Minimap {
  constructor(svg, main, views) {
    Object.assign(this, { svg, main, views });
    main.addEventListener("scroll", () => this.frame());
    const move = (event) => {
      if (!event.buttons) return;
      const { left, top, width } = svg.getBoundingClientRect(), scale = main.scrollWidth / width;
      main.scrollTo((event.clientX - left) * scale - main.clientWidth / 2, (event.clientY - top) * scale - main.clientHeight / 2);
    };
    svg.addEventListener("pointerdown", (event) => { svg.setPointerCapture(event.pointerId); move(event); });
    svg.addEventListener("pointermove", move);
  }
  draw() {
    const { scrollWidth, scrollHeight, clientWidth, clientHeight } = this.main;
    const large = scrollWidth > 1.4 * clientWidth || scrollHeight > 1.4 * clientHeight;
    this.svg.toggleAttribute("hidden", !large);
    if (!large) return;
    const wide = matchMedia("(min-width: 901px)").matches;
    const fit = Math.min((wide ? 150 : 90) / scrollWidth, Math.min(wide ? 300 : 180, clientHeight * 0.45) / scrollHeight);
    this.svg.setAttribute("viewBox", `0 0 ${scrollWidth} ${scrollHeight}`);
    this.svg.setAttribute("width", Math.max(scrollWidth * fit, 24));
    this.svg.setAttribute("height", scrollHeight * fit);
    this.svg.setAttribute("preserveAspectRatio", "none");
    const origin = this.main.getBoundingClientRect(), marks = [];
    for (const view of this.views) {
      const at = view.svg.getBoundingClientRect(), scale = at.width / view.laid.width;
      const left = at.left - origin.left + this.main.scrollLeft, top = at.top - origin.top + this.main.scrollTop;
      for (const [place, { x, y, width, height }] of view.laid.rectangles) {
        const kind = view.folds.open.has(place) ? "frame" : view.folds.boxes[place].family ?? "fold";
        marks.push(make("rect", { class: kind, x: left + x * scale, y: top + y * scale, width: width * scale, height: height * scale }));
      }
    }
    this.window = make("rect", { class: "window" });
    this.svg.replaceChildren(...marks, this.window);
    this.frame();
  }
  frame() {
    if (this.svg.hasAttribute("hidden") || !this.window) return;
    const { scrollLeft, scrollTop, clientWidth, clientHeight } = this.main;
    for (const [name, value] of Object.entries({ x: scrollLeft, y: scrollTop, width: clientWidth, height: clientHeight })) this.window.setAttribute(name, value);
  }
}
