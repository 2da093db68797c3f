"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const svg = document.getElementById("fleet");
  const panel = document.getElementById("panel");
  const hint = panel.textContent;
  let kept = null; // the element that was clicked: its card stays
  let member = null; // the number of the selected member

  const make = (tag, cls, ...inside) => {
    const element = document.createElement(tag);
    if (cls) element.className = cls;
    element.append(...inside);
    return element;
  };
  const name = (text) => make("bdi", "", text); // never as markup, and with its own writing direction
  const figure = (number) => number.toLocaleString("en-US");
  const share = (part, whole) => (whole ? part / whole : part ? 2 : 0);
  const percent = (x) => `${x >= 0.995 && x < 1 ? 99 : Math.round(100 * x)}\u00a0%`;
  const key = (group, fresh) => make("span", `key g${group}${fresh ? "" : " old"}`, data.groups[group].key);
  const holder = (number) => svg.querySelector(`[data-i="${number}"]`);

  const uses = (rows) => {
    const table = make("table");
    for (const [resource, before, added, capacity] of rows) {
      const full = share(before + added, capacity);
      const amount = `${figure(before)}${added ? ` + ${figure(added)}` : ""} of ${figure(capacity)}`;
      const head = make("th", "", resource);
      head.scope = "row";
      const said = make("td", full > 1 ? "flag" : "", `${amount} (${capacity ? percent(full) : "none"})`);
      const [was, more] = [make("i"), make("i")];
      const start = Math.min(1, share(before, capacity));
      was.style.width = `${100 * start}%`;
      more.style.width = `${100 * (Math.min(1, full) - start)}%`;
      const bar = make("div", "bar", was, more);
      const below = make("td", "", bar);
      below.colSpan = 2;
      table.append(make("tr", "", head, said), make("tr", "", below));
    }
    return table;
  };

  const memberRows = (numbers, folded) => {
    const parts = [];
    const groups = new Map();
    for (const number of numbers) {
      const group = data.members[number][1];
      groups.set(group, [...(groups.get(group) || []), number]);
    }
    for (const [group, those] of groups) {
      parts.push(make("h3", "", name(data.groups[group].name)));
      for (const number of those) {
        const [id, , fresh, host] = data.members[number];
        const since = fresh ? "placed here" : "ran here already";
        const what = make("span", "soft", ...(folded ? ["on ", name(host)] : [since]));
        parts.push(make("div", number === member ? "row sel" : "row", key(group, fresh), name(id), what));
      }
      const { rules } = data.groups[group];
      parts.push(make("div", "soft rules", rules.length ? "held by:" : "held by no policy: it only needs room"));
      parts.push(make("ul", "rules", ...rules.map((rule) => make("li", "", name(rule)))));
    }
    return parts;
  };

  const cardOf = new Map(data.cards.map(({ t, n }, i) => [n === undefined ? t : null, i]));
  const lossRows = ({ t, w, m, n }) => {
    const rows = m.map(([id, host]) => make("div", "row", name(id), make("span", "soft", "goes to ", name(host))));
    const more = n > m.length ? [make("div", "soft", `and ${figure(n - m.length)} more`)] : [];
    return [make("h3", "", "after the loss of ", name(t)), make("div", "soft", "lost members of ", name(w)), ...rows, ...more];
  };
  const lightTargets = (losses) => {
    for (const old of svg.querySelectorAll(".target")) old.classList.remove("target");
    for (const [, host] of losses.flatMap(({ m }) => m)) {
      if (cardOf.has(host)) holder(cardOf.get(host)).classList.add("target");
    }
  };

  const show = (element) => {
    const card = data.cards[element.dataset.i];
    const parts = [make("h2", "", name(card.t))];
    if (card.k) parts.push(make("p", "speaks", `rule${card.k.length > 1 ? "s" : ""} ${card.k.join(", ")} of the conflict`));
    if (card.f) parts.push(make("p", "flag", card.f.join(", ")));
    const where = (card.d || []).flatMap(([level, domain], i) => [i ? " · " : "", `${level} `, name(domain)]);
    parts.push(make("p", "", ...where));
    const several = card.n !== undefined;
    const hosts = card.n === 1 ? "host" : "hosts";
    if (several) parts.push(make("p", "", `${figure(card.n)} ${hosts}, ${percent(card.s)} used on average`));
    parts.push(uses(card.u));
    if (card.c !== undefined) parts.push(make("p", "soft", `${data.price}: ${figure(card.c)}`));
    const row = ([group, many]) =>
      make("div", "row", key(group, 1), name(data.groups[group].name), make("span", "soft", figure(many)));
    if (card.m) parts.push(...memberRows(card.m, several));
    else if (card.g) parts.push(...card.g.map(row));
    else parts.push(make("p", "soft", "No member of the application is here."));
    const losses = (card.l || []).map((number) => data.losses[number]);
    parts.push(...losses.flatMap(lossRows));
    lightTargets(losses);
    if (card.r && card.r.length) parts.push(make("p", "soft", `traits: ${card.r.join(", ")}`));
    panel.replaceChildren(...parts);
    panel.classList.toggle("kept", element === kept);
  };
  const rest = () => {
    if (kept) return show(kept);
    lightTargets([]);
    panel.classList.remove("kept");
    panel.replaceChildren(make("p", "soft", hint.trim()));
  };

  const keep = (element, number = null) => {
    for (const old of svg.querySelectorAll(".kept, .sel")) old.classList.remove("kept", "sel");
    [kept, member] = [element, number];
    if (element) element.classList.add("kept");
    const mark = number === null ? null : svg.querySelector(`[data-m="${number}"]`);
    if (mark) mark.classList.add("sel");
    rest();
  };
  const link = (what, which) => {
    const hash = what ? `#${what}=${encodeURIComponent(which)}` : "";
    history.replaceState(null, "", location.pathname + location.search + hash);
  };

  const choose = (element, number) => {
    keep(element, number);
    const card = data.cards[element.dataset.i];
    if (number !== null) link("member", data.members[number][0]);
    else if (card.n === undefined) link("host", card.t);
    else link();
  };
  const fromAddress = () => {
    const [what, ...value] = location.hash.slice(1).split("=");
    let wanted = "";
    try { wanted = decodeURIComponent(value.join("=")); } catch { return; }
    let [number, card] = [null, -1];
    if (what === "member") {
      number = data.members.findIndex(([id]) => id === wanted);
      if (number >= 0) card = data.members[number][4];
    } else if (what === "host") card = data.cards.findIndex(({ t, n }) => t === wanted && n === undefined);
    if (card < 0) return;
    const element = holder(card);
    keep(element, number);
    element.scrollIntoView({ block: "nearest", inline: "nearest" });
    document.documentElement.dataset.selected = wanted;
  };

  const withMembers = (group) => {
    // Of a group, and of all groups below it.
    const groups = new Set([group]);
    for (const each of groups) for (const child of data.below[each] || []) groups.add(child);
    return data.members.filter(([, of]) => groups.has(of)).map(([, , , , card]) => holder(card));
  };
  const named = (rule) =>
    // Of a frame, all that is drawn inside.
    [...svg.querySelectorAll("[data-r]")]
      .filter((element) => element.dataset.r.split(" ").includes(rule))
      .flatMap((element) =>
        element.classList.contains("frame") ? [...element.parentNode.querySelectorAll("[data-i]")] : [element]);
  const light = (elements) => {
    svg.classList.toggle("some", elements !== null);
    for (const old of svg.querySelectorAll(".lit")) old.classList.remove("lit");
    for (const element of elements || []) element.classList.add("lit");
  };
  const buttons = [...document.querySelectorAll("[data-g], [data-rule]")];
  for (const button of buttons) {
    button.addEventListener("click", () => {
      const on = button.getAttribute("aria-pressed") !== "true";
      for (const other of buttons) other.setAttribute("aria-pressed", String(on && other === button));
      const { g, rule } = button.dataset;
      light(!on ? null : rule === undefined ? withMembers(Number(g)) : named(rule));
    });
  }

  const at = (event) => event.target.closest("[data-i]");
  const pick = (event) => {
    const element = at(event);
    const mark = event.target.closest("[data-m]");
    if (element) choose(element, mark ? Number(mark.dataset.m) : null);
  };
  const peek = (event) => (at(event) ? show(at(event)) : rest());
  svg.addEventListener("mouseover", peek);
  svg.addEventListener("mouseleave", rest);
  svg.addEventListener("focusin", peek);
  svg.addEventListener("focusout", rest);
  svg.addEventListener("click", pick);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    keep(null);
    link();
  });
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter" || event.key === " ") pick(event);
    else if (step) {
      const all = [...svg.querySelectorAll("[data-i]")];
      const next = all[all.indexOf(at(event)) + step];
      if (next) next.focus();
    } else return;
    event.preventDefault();
  });
  addEventListener("hashchange", fromAddress);
  fromAddress();
  document.documentElement.dataset.ready = "yes";
})();
