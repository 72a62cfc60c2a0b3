// On paper: each network from a new page, as wide as fits, cut between boxes where it is longer than a page.
const PAPER = { width: 690, height: 880 }; // pixels that A4 and Letter both have within their margins

function cuts(rectangles, total, most) {
  // heights at which a drawing is cut into pieces of at most `most`, through no box if that can be
  const found = [0];
  while (total - found.at(-1) > most) {
    const from = found.at(-1), clear = (y) => rectangles.every((box) => y <= box.y || y >= box.y + box.height);
    const tries = rectangles.map((box) => box.y + box.height + 4).filter((y) => y > from + most / 3 && y <= from + most && clear(y));
    found.push(tries.length ? Math.max(...tries) : from + most);
  }
  return [...found, total];
}

function onPaper(views) {
  return views.flatMap((view) => {
    const { width, height, rectangles } = view.laid, scale = Math.min(1, PAPER.width / width);
    const closed = [...rectangles].filter(([at]) => !view.folds.open.has(at)).map(([, rectangle]) => rectangle);
    const ends = cuts(closed, height, PAPER.height / scale);
    return ends.slice(1).map((end, at) => {
      const sheet = document.createElement("section"), piece = view.svg.cloneNode(true), start = ends[at];
      piece.setAttribute("viewBox", `0 ${start} ${width} ${end - start}`);
      piece.style.width = `${width * scale}px`;
      piece.style.height = `${(end - start) * scale}px`;
      const count = ends.length - 1, which = count > 1 ? `, ${at + 1} of ${count}` : "";
      sheet.append(Object.assign(document.createElement("h2"), { textContent: view.name + which }), piece);
      return sheet;
    });
  });
}
