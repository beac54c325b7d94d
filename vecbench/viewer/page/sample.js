// One sample: what was shown and asked, what came back, and what was read of it.

const SPANS = { reasoning: "reasoning", answer: "read as the answer", confidence: "read as the confidence" };

/** A text with parts of it marked as what they were read as; marks may lie within each other. */
function spanned(text, spans, leftOut) {
  const all = [...(spans ?? []), ...(leftOut ? [[...leftOut, "left-out"]] : [])].filter(([from, to]) => from < to);
  const ends = [...new Set([0, text.length, ...all.flatMap(([from, to]) => [from, to])])].sort((a, b) => a - b);
  const pieces = ends.slice(0, -1).map((from, place) => {
    const inside = all.filter(([start, end]) => start <= from && end >= ends[place + 1]);
    // The innermost says most: a confidence that stands within the reasoning is one.
    const kind = inside.sort((a, b) => a[1] - a[0] - (b[1] - b[0]))[0]?.[2];
    const piece = marked(text.slice(from, ends[place + 1]));
    return kind ? make(kind === "left-out" ? "em" : "mark", { class: kind, title: SPANS[kind] }, piece) : piece;
  });
  return make("pre", { class: "text", dir: "auto", tabindex: 0, role: "region", "aria-label": "Raw response" }, pieces.flat());
}

const plain = (text, label) => make("pre", { class: "text", dir: "auto", tabindex: 0, role: "region", "aria-label": label }, marked(text));

function picture(image, place, all) {
  const named = `Image${all.length > 1 ? ` ${place + 1}` : ""}`;
  const known = image.width ? `${image.width} × ${image.height}` : null;
  return make("figure", {},
    image.thumb ? make("img", { class: "large", src: image.thumb, alt: `${named} of the sample: ${visible(image.name)}` }) : make("span", { class: "no-image" }, image.missing ? "missing" : "not shown"),
    make("figcaption", {}, `${named}: `, shown(image.name), known && `, ${known}`,
      image.missing && make("strong", {}, ` – missing: `, shown(image.missing)), image.changed && make("strong", {}, " – the file is not the one that the run saw")));
}

const pairs = (entries) => make("dl", { class: "pairs" }, entries.filter(([, value]) => value !== null && value !== undefined && value !== "")
  .map(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));

function facts(row, run) {
  const of = columns.runs[run];
  const text = (column) => (column && valueOf(column, row) !== null ? visible(valueOf(column, row)) : null);
  const link = (key, column) => text(column) && make("a", { href: addressFor({ page: "samples", run, filters: { [key]: [text(column)] } }) }, text(column));
  const right = of.right[row];
  return pairs([
    ["Verdict", make("span", {}, badge(valueOf(of.verdict, row)), right !== null && right > 0 && right < 1 ? ` counted as ${right}` : "")],
    ["Answer", answered(row, run)],
    ["Target", valueOf(columns.target, row) === null ? "–" : shown(valueOf(columns.target, row))],
    ...sources.map((source) => [`${source[0].toUpperCase()}${source.slice(1)} confidence`, said(of.confidence[source]?.[row])]),
    ["Reading of the answer", link("answer_status", of.answer_status)],
    ["Reading of the confidence", link("confidence_status", of.confidence_status)],
    ["Finish reason", link("finish_reason", of.finish_reason)],
    ["Error", link("error", of.error)],
    ["Tokens", tokens(of.tokens, row)],
    ["Characters", of.length[row]?.toLocaleString("en")],
  ]);
}

function tokens(counts, row) {
  const names = ["prompt", "output", "reasoning"];
  return names.map((name, place) => (counts?.[place]?.[row] == null ? null : `${counts[place][row].toLocaleString("en")} ${name}`)).filter(Boolean).join(", ");
}

const rest = (clipped, what) => clipped && make("p", {}, `Shown is a part of ${clipped.characters.toLocaleString("en")} characters. `,
  clipped.file && make("a", { href: clipped.file }, `The whole ${what}`));

function response(row, run, said_) {
  if (!said_) return make("section", { class: "side" }, isCompared && make("h3", {}, shown(report.runs[run].name)), make("p", {}, "This run has no such sample."));
  const { clipped } = said_;
  const kinds = [...new Set((said_.spans ?? []).map(([, , kind]) => kind))];
  return make("section", { class: "side", "aria-label": `Response of ${visible(report.runs[run].name)}` },
    isCompared && make("h3", {}, shown(report.runs[run].name)),
    said_.prompt != null && [make("h3", {}, "Its own prompt"), plain(promptOf(said_.prompt), "Prompt of this run")],
    said_.view && viewOf(said_.view),
    facts(row, run),
    said_.dropped && make("p", { class: "notice" }, "Not in the scores: ", shown(said_.dropped)),
    said_.error && make("p", { class: "notice" }, "The request failed: ", shown(said_.error)),
    make("h3", {}, "Raw response"),
    kinds.length > 0 && make("p", { class: "legend" }, kinds.map((kind) => [make("mark", { class: kind }, SPANS[kind]), " "])),
    said_.response === "" ? make("p", {}, "It is empty.") : spanned(said_.response, said_.spans, clipped?.left_out),
    rest(clipped, "response"),
    said_.reasoning && make("details", {}, make("summary", {}, "Reasoning"), plain(said_.reasoning, "Reasoning"), rest(said_.reasoning_clipped, "reasoning")));
}

function neighbours(row) {
  const rows = rowsOf(state, state.filters.q && search.text === state.filters.q && !isSearching() ? search.found : null);
  const place = rows.indexOf(row);
  const step = (by) => (place >= 0 ? rows[place + by] : undefined);
  return { place, n: rows.length, before: step(-1), after: step(1) };
}

const sampleAddress = (row) => addressFor({ page: "sample", sample: addressOf(row) });

function showSample(main) {
  const row = rowAt(state.sample);
  const back = make("a", { href: addressFor({ page: "samples" }), "aria-keyshortcuts": "Escape" }, "← Samples");
  if (row === null) {
    const why = report.n_shown < report.n_rows ? ` The report holds ${report.n_shown.toLocaleString("en")} of ${counted(report.n_rows, "row")}.` : "";
    main.append(back, make("h2", {}, "No such sample"), make("p", {}, `The address names a sample that is not in this report.${why}`));
    return;
  }
  if (list.rows.length && list.rows.indexOf(row) >= 0) list.active = list.rows.indexOf(row);
  const texts = textsOf(row);
  const { place, n, before, after } = neighbours(row);
  const others = repeatsOf(row);
  const subsets = Object.entries(columns.attributes).map(([name, column]) => [visible(name), valueOf(column, row) === null ? null : shown(valueOf(column, row))]);
  main.append(
    make("nav", { class: "steps", "aria-label": "Samples" }, back,
      before !== undefined && make("a", { href: sampleAddress(before), "aria-keyshortcuts": "k" }, "Previous"),
      after !== undefined && make("a", { href: sampleAddress(after), "aria-keyshortcuts": "j" }, "Next"),
      place >= 0 && make("span", {}, `${(place + 1).toLocaleString("en")} of ${n.toLocaleString("en")}`),
      copyButton(row)),
    make("h2", {}, shown(columns.id[row]), " ", make("span", {}, visible(taskOf(row).name))),
    make("div", { class: "parts" },
      make("section", { class: "asked", "aria-label": "What was asked" },
        make("div", { class: "pictures" }, (texts.images ?? []).map(picture)),
        pairs([["Group", shown(groupName(taskOf(row)))], ...subsets]),
        others.length > 1 && make("p", { class: "repeats" }, "Repeats: ", others.map((other) => [make("a", {
          href: sampleAddress(other), "aria-current": other === row && "true" },
        `${columns.repeat[other] + 1} `, badge(valueOf(columns.runs[state.run].verdict, other))), " "])),
        texts.system && [make("h3", {}, "System prompt"), plain(texts.system, "System prompt")],
        make("h3", {}, "Prompt"), texts.prompt != null ? plain(promptOf(texts.prompt), "Prompt") : make("p", {}, "It is not known: the run does not hold it, and the task's data were not found.")),
      make("div", { class: isCompared ? "sides two" : "sides" }, texts.runs.map((each, run) => response(row, run, each)))));
}

function copyButton(row) {
  const link = () => `${location.href.split("#")[0]}#/sample/${addressOf(row)}`;
  const copy = async (event) => {
    const button = event.target;
    // Pages from disk are not allowed to copy everywhere: then the address stands there to be copied by hand.
    try {
      await navigator.clipboard.writeText(link());
      button.textContent = "Copied";
    } catch {
      const field = make("input", { readonly: true, value: link(), "aria-label": "Link to this sample" });
      button.replaceWith(field);
      field.select();
    }
  };
  return make("button", { type: "button", onclick: copy }, "Copy link");
}
