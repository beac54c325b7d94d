// Each kind of answer is drawn as what it is: a label, options, two rankings, a scale, shares.

const VIEWS = {
  label({ labels, target, answer }) {
    const names = labels ?? [...new Set([target, answer].filter((each) => each !== null))];
    return options(names.map((text) => ({ letter: "", text })), [target], [answer]);
  },
  options: ({ options: all, labels, target, answer }) =>
    options(all ?? labels.map((each) => (typeof each === "string" ? { letter: "", text: each } : each)), target, answer),
  ranking({ target, answer }) {
    const places = (title, items, other) => make("div", {}, make("h4", {}, title), items
      ? make("ol", {}, items.map((item, place) => make("li", { class: other?.[place] === item ? "same" : "" }, shown(item),
        other?.[place] === item ? make("small", {}, " same place") : "")))
      : make("p", {}, "none that could be read"));
    return make("div", { class: "rankings" }, places("Target", target, answer), places("Answer", answer, target));
  },
  scale: ({ dimensions }) => make("div", { class: "scales" }, dimensions.map(scale)),
  shares: ({ labels }) => make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Shares" },
    make("table", { class: "shares", "aria-label": "Shares" },
      make("thead", {}, make("tr", {}, ["Label", "Target", "Answer"].map((text) => make("th", { scope: "col" }, text)))),
      make("tbody", {}, labels.map((each) => make("tr", {}, make("th", { scope: "row" }, shown(each.label)), bar(each.target, "target"), bar(each.answer, "answer")))))),
  text: () => null, // target and answer stand among the facts
};

const viewOf = (view) => (VIEWS[view?.type] ?? VIEWS.text)(view);

/** Options, said in words which of them is the target and which the answer. */
function options(all, targets, answers) {
  const has = (chosen, { letter, text }) => (chosen ?? []).some((each) => each !== null && (each === letter || each === text));
  const item = (each) => {
    const isTarget = has(targets, each);
    const isAnswer = has(answers, each);
    return make("li", { class: `${isTarget ? "target" : ""} ${isAnswer ? "answer" : ""}`.trim() },
      each.letter ? make("b", {}, shown(each.letter), " ") : "", shown(each.text),
      isTarget ? make("span", { class: "tag" }, "target") : "",
      each.confidence != null && make("span", { class: "tag" }, percent(each.confidence)),
      isAnswer ? make("span", { class: `tag ${isTarget ? "right" : "wrong"}` }, isTarget ? "✓ answer" : "✗ answer") : "");
  };
  return make("ul", { class: "options" }, all.map(item));
}

function scale({ name, low, high, target, answer }) {
  const left = (value) => 10 + (280 * (Math.min(high, Math.max(low, value)) - low)) / (high - low || 1);
  const label = `${visible(name)}, ${low} to ${high}: target ${target ?? "none"}, answer ${answer ?? "none"}`;
  const isKnown = (value) => value !== null && value !== undefined;
  return make("figure", {}, make("figcaption", {}, shown(name), ` from ${low} to ${high}: target `, make("b", {}, target ?? "–"), ", answer ", make("b", {}, answer ?? "–"),
    isKnown(target) && isKnown(answer) ? ` (${answer >= target ? "+" : "−"}${Number(Math.abs(answer - target).toPrecision(3))})` : ""),
  draw("svg", { viewBox: "0 0 300 46", class: "scale", role: "img", "aria-label": label },
    draw("line", { x1: 10, x2: 290, y1: 24, y2: 24, class: "axis" }),
    [low, high].map((value) => draw("text", { x: left(value), y: 44, "text-anchor": value === low ? "start" : "end" }, String(value))),
    isKnown(target) && isKnown(answer) && draw("line", { x1: left(target), x2: left(answer), y1: 24, y2: 24, class: "gap" }),
    isKnown(target) && draw("path", { d: `M${left(target) - 7} 10h14l-7 12z`, class: "target" }),
    isKnown(answer) && draw("circle", { cx: left(answer), cy: 24, r: 6, class: "answer" })));
}

function bar(share, kind) {
  if (share === null || share === undefined) return make("td", {}, "–");
  const fill = make("span", { class: `bar ${kind}` });
  fill.style.width = `${100 * Math.min(1, Math.max(0, share))}%`;
  return make("td", {}, make("span", { class: "track", "aria-hidden": "true" }, fill), percent(share, 1));
}
