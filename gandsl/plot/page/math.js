// Numbers of curves: smoothing, scales, ticks, what a reader sees. Pure functions.

/** Exponential average by the axis: a value h before counts half. `each`: records that a point stands for. */
function smooth(xs, ys, half) {
  if (!(half > 0)) return ys;
  let sum = 0, weight = 0, before = xs[0];
  return ys.map((y, i) => {
    const keep = 2 ** (-(xs[i] - before) / half);
    before = xs[i];
    sum = sum * keep + y;
    weight = weight * keep + 1;
    return sum / weight;
  });
}

/** Round places in [low, high]: about `count` of them, at 1, 2 or 5 times a power of ten. */
function ticks(low, high, count) {
  if (!(high > low)) return [low];
  const rough = (high - low) / Math.max(count, 1), power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find(factor => factor * power >= rough * 0.999999);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) found.push(k * step);
  return found;
}

/** Powers of ten in [low, high], both above 0; with 2 and 5 between them where there are few. */
function logTicks(low, high) {
  const found = [], few = Math.log10(high / low) < 2.5;
  for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++)
    for (const factor of few ? [1, 2, 5] : [1]) {
      const at = factor * 10 ** e;
      if (at >= low * 0.999999 && at <= high * 1.000001) found.push(at);
    }
  const skip = Math.ceil(found.length / 7);
  return found.filter((_, i) => i % skip === 0);
}

/** The place of the number nearest to `at` among rising ones. */
function near(xs, at) {
  let low = 0, high = xs.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle] <= at) low = middle; else high = middle;
  }
  return at - xs[low] <= xs[high] - at ? low : high;
}

/** The value at `x` on the line through points; beyond the ends, the end's. */
function between(xs, ys, x) {
  if (x <= xs[0]) return ys[0];
  if (x >= xs[xs.length - 1]) return ys[ys.length - 1];
  let i = near(xs, x);
  if (xs[i] > x) i--;
  const share = (x - xs[i]) / (xs[i + 1] - xs[i] || 1);
  return ys[i] * (1 - share) + ys[i + 1] * share;
}

/** The number that a share of the sorted ones lies below. */
function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(share * (sorted.length - 1))))];
}

/** Three digits that matter. */
function said(value) {
  const size = Math.abs(value);
  if (value === 0) return "0";
  if (size < 1e-4 || size >= 1e7) return value.toExponential(1).replace("e+", "e");
  if (size >= 100) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}

/** The same for an axis: short. */
function brief(value) {
  const [divisor, unit] = Math.abs(value) >= 1e6 ? [1e6, "M"] : Math.abs(value) >= 1e4 ? [1e3, "k"] : [1, ""];
  return `${said(value / divisor)}${unit}`;
}

/** Unit of a span of images, or of seconds: [divisor, name]. */
function unitOf(most, mode) {
  if (mode !== "time") return most >= 3e6 ? [1e6, "Mimg"] : most >= 2e3 ? [1e3, "kimg"] : [1, "images"];
  if (most > 3 * 86400) return [86400, "days"];
  return most > 2 * 3600 ? [3600, "hours"] : most > 180 ? [60, "minutes"] : [1, "seconds"];
}
