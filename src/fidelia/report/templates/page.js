"use strict";
(() => {
  const tip = document.getElementById("tip");
  const place = (x, y) => {
    const box = tip.getBoundingClientRect();
    const left = Math.min(Math.max(8, x + 14), innerWidth - box.width - 8);
    const top = y + 18 + box.height > innerHeight ? y - box.height - 12 : y + 18;
    tip.style.left = left + "px";
    tip.style.top = Math.max(8, top) + "px";
  };
  const drawn = (shots, i) => {
    const svg = (name, attributes) => {
      const made = document.createElementNS(document.querySelector("svg").namespaceURI, name);
      for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
      return made;
    };
    const wide = shots.width + 2 * shots.edge, tall = shots.height + 2 * shots.edge;
    const left = (i % shots.across) * wide + shots.edge, top = Math.floor(i / shots.across) * tall + shots.edge;
    const one = svg("svg", { class: "shot", viewBox: `${left} ${top} ${shots.width} ${shots.height}`, "aria-hidden": "true" });
    one.append(svg("use", { href: "#" + shots.sheet }));
    return one;
  };
  const show = (title, lines, x, y, picture) => {
    tip.replaceChildren();
    if (picture) tip.append(picture);
    const head = document.createElement("b");
    head.textContent = title;
    tip.append(head);
    for (const [kind, name, text] of lines) {
      const line = document.createElement("span");
      line.className = kind;
      line.textContent = name + " ";
      const value = document.createElement("i");
      value.textContent = text;
      line.append(value);
      tip.append(line);
    }
    tip.hidden = false;
    place(x, y);
  };
  const hide = (guide) => { tip.hidden = true; guide.setAttribute("d", ""); };
  const nearest = (at, measure) => {
    let best = -1, least = Infinity;
    at.forEach((where, i) => { const d = measure(where); if (d < least) { least = d; best = i; } });
    return best;
  };
  const hearing = (svg) => {
    const data = JSON.parse(svg.parentElement.querySelector("script").textContent);
    const guide = svg.querySelector(".guide"), box = svg.viewBox.baseVal;
    let current = 0;
    const screen = (x, y) => { const p = new DOMPoint(x, y).matrixTransform(svg.getScreenCTM()); return [p.x, p.y]; };
    const paint = (i, x, y) => {
      current = i;
      if (data.how === "grid") {
        const n = data.names.length, row = Math.floor(i / n), column = i % n;
        const left = data.left + column * data.step, top = data.top + row * data.step;
        guide.setAttribute("d", `M${left} ${top}h${data.step}v${data.step}h${-data.step}z`);
        return show(data.names[row] + " and " + data.names[column], [["", "", data.cells[row][column]]], x, y);
      }
      const at = data.at[i];
      const path = data.how === "x" ? `M${at} 4V${box.height - 22}` : data.how === "y" ? "" :
        `M${at[0] - 6} ${at[1]}a6 6 0 1 0 12 0a6 6 0 1 0 -12 0`;
      guide.setAttribute("d", path);
      const picture = data.shots ? drawn(data.shots, i) : null;
      show(data.title[i], data.lines.map(([kind, name, text]) => [kind, name, text[i]]), x, y, picture);
    };
    const find = (x, y) => {
      if (data.how === "grid") {
        const n = data.names.length, j = Math.floor((x - data.left) / data.step), i = Math.floor((y - data.top) / data.step);
        return i >= 0 && j >= 0 && i < n && j < n ? i * n + j : -1;
      }
      if (data.how === "x") return nearest(data.at, (at) => Math.abs(at - x));
      if (data.how === "y") return nearest(data.at, (at) => Math.abs(at - y));
      const i = nearest(data.at, (at) => (at[0] - x) ** 2 + (at[1] - y) ** 2);
      return i >= 0 && (data.at[i][0] - x) ** 2 + (data.at[i][1] - y) ** 2 < 150 ? i : -1;
    };
    const centre = (i) => {
      if (data.how === "grid") {
        const n = data.names.length;
        return screen(data.left + (i % n + 0.5) * data.step, data.top + (Math.floor(i / n) + 0.5) * data.step);
      }
      const at = data.at[i];
      return data.how === "x" ? screen(at, box.height / 2) : data.how === "y" ? screen(box.width / 2, at) : screen(at[0], at[1]);
    };
    svg.addEventListener("pointermove", (event) => {
      const p = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      const i = find(p.x, p.y);
      if (i < 0) hide(guide); else paint(i, event.clientX, event.clientY);
    });
    svg.addEventListener("pointerleave", () => hide(guide));
    svg.addEventListener("blur", () => hide(guide));
    svg.addEventListener("keydown", (event) => {
      const wide = data.how === "grid" ? data.names.length : 1;
      const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: wide, ArrowUp: -wide }[event.key];
      if (event.key === "Escape") hide(guide);
      if (!step) return;
      event.preventDefault();
      const many = data.how === "grid" ? wide * wide : data.at.length;
      const i = tip.hidden ? current : Math.min(Math.max(0, current + step), many - 1);
      paint(i, ...centre(i));
    });
  };
  for (const svg of document.querySelectorAll("svg[tabindex]")) {
    const first = () => {
      svg.removeEventListener("pointerenter", first);
      svg.removeEventListener("focus", first);
      hearing(svg);
    };
    svg.addEventListener("pointerenter", first);
    svg.addEventListener("focus", first);
  }
  const searching = (input, entries, text, found) => {
    if (!input) return;
    input.closest("p").hidden = false;
    input.addEventListener("input", () => {
      const wanted = input.value.trim().toLowerCase();
      let shown = 0;
      for (const entry of entries) {
        entry.hidden = !text(entry).toLowerCase().includes(wanted);
        shown += entry.hidden ? 0 : 1;
      }
      found(wanted);
      input.parentElement.querySelector("output").textContent = wanted ? shown + " of " + entries.length : "";
    });
  };
  const rest = document.getElementById("rest"), kinds = [...document.querySelectorAll(".kind-list")];
  const opened = kinds.map((kind) => kind.open);
  searching(document.getElementById("find"), [...document.querySelectorAll("[data-column]")], (entry) => entry.dataset.column, (wanted) => {
    if (rest && wanted) rest.open = true;
  });
  searching(document.getElementById("seek"), [...document.querySelectorAll(".measure")], (line) => line.textContent, (wanted) => {
    kinds.forEach((kind, i) => {
      const any = !wanted || kind.querySelector(".measure:not([hidden])");
      kind.hidden = !any;
      kind.open = wanted ? true : opened[i];
    });
  });
  const reveal = () => {
    const place = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let at = place && place.closest("details:not(.menu)"); at; at = at.parentElement.closest("details:not(.menu)")) at.open = true;
  };
  addEventListener("hashchange", reveal);
  reveal();
  const menu = document.querySelector(".menu");
  const narrow = matchMedia("(max-width: 1080px)");
  const fold = () => { menu.open = !narrow.matches; };
  narrow.addEventListener("change", fold);
  fold();
  const links = new Map([...document.querySelectorAll(".contents a")].map((a) => [a.hash.slice(1), a]));
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      for (const a of links.values()) a.removeAttribute("aria-current");
      links.get(entry.target.id).setAttribute("aria-current", "true");
    }
  }, { rootMargin: "-15% 0px -75% 0px" });
  for (const id of links.keys()) seen.observe(document.getElementById(id));
  addEventListener("beforeprint", () => { for (const more of document.querySelectorAll("main details")) more.open = true; });
})();
