// Which boxes show, and which lines join them, for a state of the folds. Knows nothing of the page.
class Folds {
  constructor({ name, boxes, edges }) {
    Object.assign(this, { name, boxes, edges });
    this.children = boxes.map(() => []);
    this.top = [];
    boxes.forEach((box, at) => (box.parent === undefined ? this.top : this.children[box.parent]).push(at));
    this.reset();
  }
  isGroup(at) { return this.children[at].length > 0; }
  reset() { this.openWhere((at) => this.boxes[at].open); }
  openWhere(test) { this.open = new Set([...this.boxes.keys()].filter((at) => this.isGroup(at) && test(at))); }
  toggle(at) { if (!this.open.delete(at)) this.open.add(at); }

  above(at) {
    // the groups that hold a box, inner ones first
    const found = [];
    for (let up = this.boxes[at].parent; up !== undefined; up = this.boxes[up].parent) found.push(up);
    return found;
  }
  reveal(at) { for (const up of this.above(at)) this.open.add(up); }
  seen(at) {
    // the box itself, or the outermost shut group that hides it
    return this.above(at).findLast((up) => !this.open.has(up)) ?? at;
  }
  shown(parent) {
    // boxes that show, outer ones first; those of an open group after it
    return (parent === undefined ? this.top : this.children[parent]).flatMap((at) =>
      this.open.has(at) ? [at, ...this.shown(at)] : [at]);
  }

  lines() {
    // One line for each value that leaves a visible box for another: several readers in a shut group share it,
    // while the operands of a node have a line each.
    const found = new Map();
    for (const [place, edge] of this.edges.entries()) {
      const from = this.seen(edge.from), to = this.seen(edge.to);
      if (from === to) continue;
      const key = [edge.from, to, to === edge.to ? place : ""].join();
      const line = found.get(key) ?? { value: edge.from, from, to, flow: edge.flow, edges: [] };
      if (edge.flow !== "count") line.flow = edge.flow;
      line.edges.push(edge);
      found.set(key, line);
    }
    return [...found.values()];
  }
}
