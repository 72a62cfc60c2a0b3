// Where boxes and lines lie: asks ELK (Eclipse Layout Kernel), which runs beside the page in a worker.
const CELL = { line: 15, pad: 9, head: 26, side: 24 };

const FLOWING = {
  "elk.algorithm": "layered",
  "elk.direction": "DOWN",
  "elk.hierarchyHandling": "INCLUDE_CHILDREN",
  "elk.edgeRouting": "ORTHOGONAL",
  "elk.json.shapeCoords": "ROOT",
  "elk.json.edgeCoords": "ROOT",
  "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
  "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
  "elk.layered.thoroughness": "5",
};
const SPACED = {
  "elk.spacing.nodeNode": "18",
  "elk.spacing.edgeNode": "12",
  "elk.spacing.edgeEdge": "9",
  "elk.layered.spacing.nodeNodeBetweenLayers": "26",
  "elk.layered.spacing.edgeNodeBetweenLayers": "13",
  "elk.layered.spacing.edgeEdgeBetweenLayers": "9",
  "elk.spacing.portPort": "12",
};

class Engine {
  // Layouts by promise. The worker is made of text that the page holds, so that nothing is loaded.
  constructor(packed) { this.waiting = new Map(); this.count = 0; this.worker = this.start(packed); }
  async start(packed) {
    const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
    const code = new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")));
    const worker = new Worker(URL.createObjectURL(new Blob([await code.text()], { type: "text/javascript" })));
    worker.onmessage = ({ data: { id, data, error } }) => {
      const { resolve, reject } = this.waiting.get(id);
      this.waiting.delete(id);
      if (error) reject(error); else resolve(data);
    };
    worker.onerror = (event) => { for (const { reject } of this.waiting.values()) reject(event); };
    return worker;
  }
  async ask(message) {
    const worker = await this.worker, id = this.count++;
    return new Promise((resolve, reject) => { this.waiting.set(id, { resolve, reject }); worker.postMessage({ ...message, id }); });
  }
  async layout(graph) {
    this.ready ??= this.ask({ cmd: "register", algorithms: ["layered"] });
    await this.ready;
    return this.ask({ cmd: "layout", graph, layoutOptions: {}, options: {} });
  }
}

const pen = document.createElement("canvas").getContext("2d");
function breadth(text, bold) {
  pen.font = `${bold ? "700" : "400"} 12px ${getComputedStyle(document.body).fontFamily}`;
  return pen.measureText(text).width;
}

function elkGraph(folds, lines) {
  // The visible boxes as ELK reads them. A value leaves or enters a box by one port of its own, an open group too:
  // so all that read it inside share the way in. Each line gets the `steps` from port to port that it is made of.
  const ports = new Map(folds.shown().map((at) => [at, new Map()])), edges = new Map();
  const port = (at, side, name) => {
    const id = `${side}${at}.${name}`;
    ports.get(at).set(id, { id, width: 0, height: 0, layoutOptions: { "elk.port.side": side } });
    return id;
  };
  lines.forEach((line, place) => {
    const outer = folds.above(line.from), inner = folds.above(line.to);
    const left = outer.filter((at) => !inner.includes(at)), entered = inner.filter((at) => !outer.includes(at)).reverse();
    const way = [line.from, ...left].map((at) => port(at, "SOUTH", line.value));
    way.push(...entered.map((at) => port(at, "NORTH", line.value)), port(line.to, "NORTH", `line${place}`));
    line.steps = way.slice(1).map((to, at) => `${way[at]} ${to}`);
    line.steps.forEach((id, at) => edges.set(id, { id, sources: [way[at]], targets: [way[at + 1]] }));
  });
  const node = (at) => {
    const box = folds.boxes[at];
    if (folds.open.has(at)) {
      const title = breadth(box.title, true) + 40;
      return {
        id: `b${at}`, ports: [...ports.get(at).values()],
        children: folds.children[at].map(node),
        layoutOptions: { ...SPACED, "elk.portConstraints": "FIXED_SIDE", "elk.padding": `[top=${CELL.head + 12},left=${CELL.side},bottom=16,right=${CELL.side}]`,
          "elk.nodeSize.constraints": "MINIMUM_SIZE", "elk.nodeSize.minimum": `(${title},40)` },
      };
    }
    const fold = folds.isGroup(at) ? 14 : 0;
    const what = fold && box.what ? breadth(` ${box.what}`) : 0;
    const width = Math.max(breadth(box.title, true) + fold + what, ...box.lines.map((text) => breadth(text)), 60) + 2 * CELL.pad;
    return {
      id: `b${at}`, ports: [...ports.get(at).values()],
      width: Math.ceil(width / 2) * 2, height: CELL.line * (box.lines.length + 1) + 2 * CELL.pad - 4,
      layoutOptions: { "elk.portConstraints": "FIXED_SIDE", "elk.portAlignment.default": "CENTER" },
    };
  };
  return { id: "root", layoutOptions: { ...FLOWING, ...SPACED, "elk.padding": "[top=4,left=4,bottom=4,right=4]" }, children: folds.top.map(node), edges: [...edges.values()] };
}

function straight(corners) {
  // without the points at which a way does not turn
  const flat = (a, b, c) => Math.abs((b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)) < 0.5;
  return corners.filter((corner, at) => at === 0 || at === corners.length - 1 || !flat(corners[at - 1], corner, corners[at + 1]));
}

async function place(engine, folds) {
  // rectangles of the visible boxes, by index, and lines with the corners that they pass; units are pixels
  const lines = folds.lines();
  const laid = await engine.layout(elkGraph(folds, lines));
  const rectangles = new Map();
  const visit = (node) => {
    for (const child of node.children ?? []) {
      rectangles.set(Number(child.id.slice(1)), { x: child.x, y: child.y, width: child.width, height: child.height });
      visit(child);
    }
  };
  visit(laid);
  const corners = ({ sections }) => sections.flatMap(({ startPoint, bendPoints, endPoint }) => [startPoint, ...(bendPoints ?? []), endPoint]);
  const steps = new Map(laid.edges.map((edge) => [edge.id, corners(edge)]));
  for (const line of lines) line.corners = straight(line.steps.flatMap((id) => steps.get(id)));
  return { width: laid.width, height: laid.height, rectangles, lines };
}
