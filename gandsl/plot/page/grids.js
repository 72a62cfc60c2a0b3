// Image grids of the runs by one slider: each run shows its newest grid up to that moment.

function showGrids(runs, root) {
  const own = runs.filter(run => run.grids && run.grids.length);
  if (!own.length) return;
  const places = [...new Set(own.flatMap(run => run.grids.map(grid => grid.at)))].sort((a, b) => a - b);
  const slider = made("input", { type: "range", min: 0, max: places.length - 1, step: 1, "aria-label": "images shown" });
  const where = made("output"), reals = made("input", { type: "checkbox" });
  slider.value = places.length - 1;
  const figures = own.map(run => {
    const image = made("img", { alt: "" }), caption = made("span");
    return { run, image, caption, node: made("figure", { class: "samples" }, made("figcaption", {}, made("b", {}, run.name), " ", caption), image) };
  });
  const kimg = at => at < 2000 ? `${at} images` : `${said(at / 1000)} kimg`;
  const show = () => {
    const at = places[slider.value];
    where.textContent = `${kimg(at)} · ${Number(slider.value) + 1} of ${places.length}`;
    for (const { run, image, caption } of figures) {
      const grid = run.grids.filter(one => one.at <= at).pop() || run.grids[0];
      const shown = reals.checked && run.reals ? run.reals : grid;
      image.src = shown.src;
      image.width = shown.w;
      image.alt = reals.checked && run.reals ? `training images of ${run.name}` : `samples of ${run.name} after ${grid.at} images`;
      image.classList.toggle("small", shown.w < 500);
      caption.textContent = (reals.checked && run.reals ? "training images" : `after ${kimg(grid.at)}`) + (shown.faithful ? "" : ", compressed for this page");
    }
  };
  slider.addEventListener("input", show);
  reals.addEventListener("change", show);
  const bar = made("div", { class: "bar" }, made("label", {}, "images shown ", slider), where);
  if (own.some(run => run.reals)) bar.append(made("label", {}, reals, " training images"));
  root.append(made("h2", {}, "Samples"), bar, made("div", { class: "pictures" }, ...figures.map(one => one.node)));
  show();
}
