// What is wrong with the drawing of one network (`view`), as sentences: read by test_browser.py.
((view) => {
  const { rectangles, lines } = view.laid, wrong = [], name = (at) => view.folds.boxes[at].id;
  const closed = [...rectangles].filter(([at]) => !view.folds.open.has(at));
  const stretches = lines.flatMap((line) => line.corners.slice(1).map((b, at) => {
    const a = line.corners[at];
    if (Math.min(Math.abs(a.x - b.x), Math.abs(a.y - b.y)) > 0.5) wrong.push(`${name(line.from)} → ${name(line.to)} runs askew`);
    return { line, x: Math.min(a.x, b.x), right: Math.max(a.x, b.x), y: Math.min(a.y, b.y), bottom: Math.max(a.y, b.y) };
  }));
  const meets = (s, box, by) => s.x < box.x + box.width - by && s.right > box.x + by && s.y < box.y + box.height - by && s.bottom > box.y + by;
  for (const s of stretches) for (const [at, box] of closed) if (meets(s, box, 1)) wrong.push(`${name(s.line.from)} → ${name(s.line.to)} crosses ${name(at)}`);

  const origin = view.svg.getBoundingClientRect(), scale = origin.width / view.laid.width;
  for (const [at, element] of view.elements) {
    if (!view.folds.open.has(at)) continue;
    const r = element.querySelector("text").getBoundingClientRect(), frame = rectangles.get(at);
    const title = { x: (r.left - origin.left) / scale, y: (r.top - origin.top) / scale, width: r.width / scale, height: r.height / scale };
    for (const s of stretches) if (meets(s, title, 0)) wrong.push(`${name(s.line.from)} → ${name(s.line.to)} crosses the title of ${name(at)}`);
    for (const [other, box] of closed) if (meets({ x: box.x, right: box.x + box.width, y: box.y, bottom: box.y + box.height }, title, 0)) wrong.push(`${name(other)} lies on the title of ${name(at)}`);
    if (title.x < frame.x || title.x + title.width > frame.x + frame.width + 0.5 || title.y + title.height > frame.y + frame.height) wrong.push(`the title of ${name(at)} leaves its frame`);
  }

  // lines of different values run apart from each other
  const along = (s, t, low, high, where) => Math.abs(s[where] - t[where]) < 2 && Math.min(s[high], t[high]) - Math.max(s[low], t[low]) > 3;
  const flat = (s) => s.bottom - s.y < 0.5;
  stretches.forEach((s, at) => {
    for (const t of stretches.slice(at + 1)) {
      if (s.line.value === t.line.value || flat(s) !== flat(t)) continue;
      if (flat(s) ? along(s, t, "x", "right", "y") : along(s, t, "y", "bottom", "x")) wrong.push(`${name(s.line.value)} → ${name(s.line.to)} and ${name(t.line.value)} → ${name(t.line.to)} run on each other`);
    }
  });

  for (const [at, { x, y, width, height }] of rectangles) {
    const parent = view.folds.boxes[at].parent, out = parent === undefined ? { x: 0, y: 0, width: view.laid.width, height: view.laid.height } : rectangles.get(parent);
    if (x < out.x || y < out.y || x + width > out.x + out.width || y + height > out.y + out.height) wrong.push(`${name(at)} leaves its group`);
    for (const [other, box] of closed) if (other > at && !view.folds.open.has(at) && meets({ x, right: x + width, y, bottom: y + height }, box, 0.5)) wrong.push(`${name(at)} lies on ${name(other)}`);
  }
  for (const { path } of view.paths) if (!document.querySelector(path.getAttribute("marker-end").slice(4, -1))) wrong.push("a line without its arrowhead");
  return [...new Set(wrong)];
})
