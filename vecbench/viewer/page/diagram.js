// The reliability diagram: what the model says against how often it is right.

const PLOT = { left: 52, top: 12, side: 330, strip: 56, gap: 56 };
const BINS = 10;

/** The 95 % interval of a share (Wilson, 1927); rows are taken as independent. */
function wilson(right, n) {
  const z = 1.959964;
  const share = right / n;
  const middle = (share + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}

/** The bins of the rows that a test lets through, as the scores have them. */
function reliabilityOf(test, run, source) {
  const { right, confidence } = columns.runs[run];
  const bins = Array.from({ length: BINS }, (_, k) => ({ low: k / BINS, high: (k + 1) / BINS, n: 0, said: 0, right: 0 }));
  for (let row = 0; row < size; row += 1) {
    const value = confidence[source]?.[row];
    if (value == null || right[row] == null || !test(row)) continue;
    let k = Math.min(BINS - 1, Math.floor(value * BINS));
    if (k + 1 < BINS && value >= (k + 1) / BINS) k += 1; // 0.3 × 10 is below 3
    if (value < k / BINS) k -= 1;
    bins[k].n += 1;
    bins[k].said += value;
    bins[k].right += right[row];
  }
  for (const bin of bins) {
    if (!bin.n) continue;
    bin.confidence = bin.said / bin.n;
    bin.accuracy = bin.right / bin.n;
    [bin.accuracy_low, bin.accuracy_high] = wilson(bin.right, bin.n);
  }
  const sum = (of) => bins.reduce((total, bin) => total + of(bin), 0);
  const n = sum((bin) => bin.n);
  const gaps = sum((bin) => Math.abs(bin.said - bin.right));
  return { bins, n, ece: n ? { text: (100 * gaps / n).toFixed(1) } : null, accuracy: sum((bin) => bin.right) / n, confidence: sum((bin) => bin.said) / n };
}

/** The diagram of the scores where only tasks are chosen, else one of the rows that are left. */
function reliability(run) {
  const { task, ...others } = state.filters;
  delete others.q;
  const wanted = task ?? report.tasks.map((each) => each.id);
  const same = (tasks) => tasks.length === wanted.length && tasks.every((place) => wanted.includes(report.tasks[place].id));
  const known = report.runs[run].overview.reliability.find((each) => each.source === state.source && same(each.tasks));
  if (known && !Object.keys(others).length) return known;
  return reliabilityOf(testOf(state.filters, run, state.source), run, state.source);
}

const HOW_TO_READ = "Each dot stands for answers given with about the same confidence. A model that is right as often as it says has its dots on the diagonal; below it, the model says more than it is right, above it less. Thin lines show what chance leaves open, the bars below count the answers. A click shows them.";

const sure = (bin) => (bin.confidence > bin.accuracy ? "overconfident" : "underconfident");
const isOff = (bin) => bin.confidence < (bin.accuracy_low ?? 0) || bin.confidence > (bin.accuracy_high ?? 1);

function inWords(bin) {
  const interval = bin.accuracy_low == null ? "" : ` (${percent(bin.accuracy_low)} to ${percent(bin.accuracy_high)} with 95 % confidence)`;
  return `Says ${percent(bin.confidence)}, is right ${percent(bin.accuracy)} of the time${interval}; ${counted(bin.n, "answer")}` +
    (isOff(bin) ? `: ${sure(bin)}` : "");
}

/** What the diagram shows, for a reader who has never seen one. */
function reading({ bins, n, accuracy, confidence, ece }) {
  const used = bins.filter((bin) => bin.n);
  const worst = used.reduce((a, b) => (b.n * Math.abs(b.confidence - b.accuracy) > a.n * Math.abs(a.confidence - a.accuracy) ? b : a));
  const points = Math.abs(Math.round(100 * confidence) - Math.round(100 * accuracy));
  const [low, high] = wilson(n * accuracy, n);
  const isNear = confidence >= low && confidence <= high;
  return [
    make("p", { class: "headline" }, `When the model says ${percent(worst.confidence)}, it is right ${percent(worst.accuracy)} of the time`,
      isOff(worst) ? `: it is ${sure(worst)} there.` : `. In ${counted(worst.n, "answer")}, that may be chance.`),
    make("p", {}, `Over all ${counted(n, "answer")} it says ${percent(confidence)} on average and is right ${percent(accuracy)} of the time`,
      isNear ? ": no further off than chance allows." : `: ${sure({ confidence, accuracy })} by ${counted(points, "point")}.`,
      ece && ` Said and right are ${ece.text} points apart on average (ECE).`),
    !isCompared && make("p", { class: "quiet" }, HOW_TO_READ),
  ];
}

function reliabilityFigure(run) {
  const found = reliability(run);
  const name = isCompared ? `: ${visible(report.runs[run].name)}` : "";
  if (!found.n) return make("figure", { class: "reliability" }, make("figcaption", {}, isCompared && make("h3", {}, shown(report.runs[run].name)), make("p", {}, "No answer here has both a confidence and a verdict, so there is nothing to draw.")));
  const told = make("p", { class: "told", "aria-hidden": "true" }, "Point at a dot or a bar for its numbers.");
  const rows = found.bins.filter((bin) => bin.n).map((bin) => make("tr", {},
    make("th", { scope: "row" }, make("a", { href: binAddress(bin, run) }, `${percent(bin.low)} to ${percent(bin.high)}`)),
    [bin.n.toLocaleString("en"), percent(bin.confidence, 1), percent(bin.accuracy, 1), bin.accuracy_low == null ? "–" : `${percent(bin.accuracy_low)} to ${percent(bin.accuracy_high)}`].map((text) => make("td", {}, text))));
  return make("figure", { class: "reliability" },
    make("figcaption", {}, isCompared && make("h3", {}, shown(report.runs[run].name)), reading(found)),
    make("div", { class: "drawing" }, diagram(found, run, told), told),
    make("details", {}, make("summary", {}, "The same as a table"),
      table(`Bins of confidence${name}`, ["Confidence", "Answers", "Says", "Is right", "95 % interval"].map((text) => make("th", { scope: "col" }, text)), rows)));
}

const binAddress = (bin, run) => samplesWith({ confidence: [bin.low, bin.high] }, { run });

function diagram({ bins }, run, told) {
  const { left, top, side, strip, gap } = PLOT;
  const x = (share) => left + side * share;
  const y = (share) => top + side * (1 - share);
  const base = top + side + gap + strip;
  const most = Math.max(...bins.map((bin) => bin.n));
  const text = (at, content, attributes = {}) => draw("text", { x: at[0], y: at[1], ...attributes }, content);
  const line = (x1, y1, x2, y2, className) => draw("line", { x1, y1, x2, y2, class: className });
  const ticks = [0, 0.2, 0.4, 0.6, 0.8, 1];
  const bin = (each) => {
    const label = inWords(each);
    const tell = () => { told.textContent = `${label}.`; };
    const kind = isOff(each) ? sure(each) : "calibrated";
    const height = Math.max(1, (strip * each.n) / most);
    return draw("a", { href: binAddress(each, run), class: `bin ${kind}`, "aria-label": `${label}. Show them`, onmouseenter: tell, onfocus: tell },
      draw("rect", { x: x(each.low), y: top, width: side * (each.high - each.low), height: base - top, class: "hit" }),
      line(x(each.confidence), y(each.confidence), x(each.confidence), y(each.accuracy), "gap"),
      each.accuracy_low != null && line(x(each.confidence), y(each.accuracy_low), x(each.confidence), y(each.accuracy_high), "interval"),
      draw("circle", { cx: x(each.confidence), cy: y(each.accuracy), r: 4 + 6 * Math.sqrt(each.n / most), class: "dot" }),
      draw("rect", { x: x(each.low) + 1.5, y: base - height, width: side * (each.high - each.low) - 3, height, class: "count" }),
      text([x((each.low + each.high) / 2), base - height - 4], each.n.toLocaleString("en"), { class: "small", "text-anchor": "middle" }));
  };
  return draw("svg", { viewBox: `0 0 ${left + side + 20} ${base + 20}`, class: "diagram", role: "group", "aria-label": "Reliability diagram: a dot for each bin of confidence" },
    draw("path", { d: `M${x(0)} ${y(0)}L${x(1)} ${y(1)}V${y(0)}z`, class: "over" }),
    draw("path", { d: `M${x(0)} ${y(0)}L${x(1)} ${y(1)}H${x(0)}z`, class: "under" }),
    ticks.map((at) => [line(x(0), y(at), x(1), y(at), "grid"), line(x(at), y(0), x(at), y(1), "grid"),
      text([x(0) - 6, y(at) + 4], percent(at), { class: "small", "text-anchor": "end" }),
      text([x(at), y(0) + 15], percent(at), { class: "small", "text-anchor": "middle" })]).flat(),
    line(x(0), y(0), x(1), y(1), "diagonal"),
    text([x(1) - 8, y(0) - 24], "overconfident:", { class: "zone", "text-anchor": "end" }),
    text([x(1) - 8, y(0) - 9], "says more than it is right", { class: "zone", "text-anchor": "end" }),
    text([x(0) + 8, y(1) + 18], "underconfident:", { class: "zone" }),
    text([x(0) + 8, y(1) + 33], "says less than it is right", { class: "zone" }),
    text([x(0.5), y(0) + 31], "what it says (confidence)", { class: "label", "text-anchor": "middle" }),
    text([14, y(0.5)], "how often it is right (accuracy)", { class: "label", "text-anchor": "middle", transform: `rotate(-90 14 ${y(0.5)})` }),
    line(x(0), base, x(1), base, "axis"),
    text([x(0.5), base + 15], "answers at each confidence", { class: "label", "text-anchor": "middle" }),
    bins.filter((each) => each.n).map(bin));
}
