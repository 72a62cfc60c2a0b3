// Image grids of the runs by one slider: each run shows its newest grid up to that moment, beside training images.

function showGrids(runs, root) {
  const own = runs.filter(run => run.grids && run.grids.length);
  if (!own.length) return;
  const places = [...new Set(own.flatMap(run => run.grids.map(grid => grid.at)))].sort((a, b) => a - b);
  const slider = made("input", { type: "range", min: 0, max: places.length - 1, step: 1, "aria-label": "images shown" });
  const where = made("output");
  slider.value = places.length - 1;
  const put = ({ image, caption }, grid, words, alt) => {
    image.src = grid.src;
    image.width = grid.w;
    image.alt = alt;
    image.classList.toggle("small", grid.w < 500);
    caption.textContent = words + (grid.faithful ? "" : ", compressed for this page");
  };
  const figure = name => {
    const image = made("img", { alt: "" }), caption = made("span");
    return { image, caption, node: made("figure", { class: "samples" }, made("figcaption", {}, made("b", {}, name), " ", caption), image) };
  };
  const figures = own.map(run => ({ run, ...figure(run.name) }));
  const real = new Map(own.filter(run => run.reals).map(run => [run.reals.src, run.reals]));
  const others = [...real.values()].map(grid => {
    const one = figure("training images");
    put(one, grid, "in the same layout", "training images");
    return one;
  });
  const kimg = at => at < 2000 ? `${at} images` : `${said(at / 1000)} kimg`;
  const show = () => {
    const at = places[slider.value];
    where.textContent = `${kimg(at)} · ${Number(slider.value) + 1} of ${places.length}`;
    for (const one of figures) {
      const grid = one.run.grids.filter(grid => grid.at <= at).pop() || one.run.grids[0];
      put(one, grid, `after ${kimg(grid.at)}`, `samples of ${one.run.name} after ${grid.at} images`);
    }
  };
  slider.addEventListener("input", show);
  root.append(made("h2", {}, "Samples"), made("div", { class: "bar" }, made("label", {}, "images shown ", slider), where),
    made("div", { class: "pictures" }, ...[...figures, ...others].map(one => one.node)));
  show();
}
