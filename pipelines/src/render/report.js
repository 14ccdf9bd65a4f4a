// Search and sorting in the tables of a report. The page is whole without it and nothing leaves the page.
'use strict';
(() => {
  const page = document.body;
  const main = document.querySelector('main');
  const rowsOf = table => [...table.tBodies[0].rows];

  // Letters without marks and case, so that "pasvaldiba" finds "Pašvaldība".
  const fold = text => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().replace(/\s+/g, ' ').trim();
  const wordsOf = input => (input ? fold(input.value).split(' ').filter(Boolean) : []);
  const has = words => text => words.every(word => text.includes(word));

  // What a row says; for the search in all tables, with what its table is called.
  const texts = new Map();
  const articles = [...main.querySelectorAll('article')].map(article => {
    const heading = article.querySelector('h3, h4');
    const tables = [...article.querySelectorAll('table')];
    for (const table of tables) {
      const name = fold(`${heading.textContent} ${table.caption?.textContent ?? ''}`);
      for (const row of rowsOf(table)) {
        const said = fold([...row.cells].map(cell => cell.textContent).join(' '));
        texts.set(row, { said, named: `${name} ${said}` });
      }
    }
    return { article, heading, tables, closed: new Map(), parts: [...article.querySelectorAll('details')] };
  });

  const box = template => {
    const made = document.getElementById(template).content.firstElementChild.cloneNode(true);
    return { made, input: made.querySelector('input'), status: made.querySelector('p') };
  };
  const tell = (status, numbers) => {
    const said = numbers ? status.dataset.text.replace(/\{(\w+)\}/g, (_, name) => numbers[name]) : '';
    if (status.textContent !== said) status.textContent = said;
  };

  const whole = box('search-whole');
  document.querySelector('header').after(whole.made);
  for (const one of articles.filter(({ article }) => 'long' in article.dataset)) {
    one.box = box('search-table');
    one.box.input.setAttribute('aria-describedby', one.heading.id);
    (one.tables[0].closest('.scroll') ?? one.tables[0]).before(one.box.made);
  }

  // Lists that can be opened are open where something was found, and as they were when the search is over.
  const open = (one, searching) => {
    for (const part of one.parts) {
      if (searching) {
        if (!one.closed.has(part)) one.closed.set(part, part.open);
        part.hidden = !part.querySelector('tbody tr:not([hidden])');
        part.open = !part.hidden;
      } else if (one.closed.has(part)) {
        part.hidden = false;
        part.open = one.closed.get(part);
        one.closed.delete(part);
      }
    }
  };

  const search = () => {
    const everywhere = wordsOf(whole.input);
    const found = { shown: 0, all: 0, tables: 0 };
    for (const one of articles) {
      const here = wordsOf(one.box?.input);
      const searching = everywhere.length + here.length > 0;
      let [shown, all, any] = [0, 0, false];
      for (const table of one.tables) {
        let left = 0;
        for (const row of rowsOf(table)) {
          const { said, named } = texts.get(row);
          const met = has(everywhere)(named);
          any ||= met;
          row.hidden = !(met && has(here)(said));
          left += row.hidden ? 0 : 1;
          all += 1;
        }
        (table.closest('.scroll') ?? table).hidden = searching && left === 0;
        shown += left;
        found.tables += left > 0 ? 1 : 0;
      }
      open(one, searching);
      one.article.hidden = everywhere.length > 0 && !any;
      if (one.box) tell(one.box.status, here.length > 0 && { shown, all });
      found.shown += shown;
      found.all += all;
    }
    // A part stays where a chapter of it does.
    let below = false;
    for (const section of [...main.querySelectorAll('section')].reverse()) {
      const kept = everywhere.length === 0 || section.querySelector('article:not([hidden])') !== null;
      const part = section.classList.contains('part');
      section.hidden = !(kept || (part && below));
      below = !part && (below || kept);
    }
    page.classList.toggle('searching', everywhere.length > 0);
    tell(whole.status, everywhere.length > 0 && found);
    reach();
  };

  // The keyboard stops at what scrolls sideways, and only there.
  const reach = () => {
    for (const place of main.querySelectorAll('.scroll')) {
      if (place.scrollWidth > place.clientWidth) place.tabIndex = 0;
      else place.removeAttribute('tabindex');
    }
  };

  let waiting;
  page.addEventListener('input', event => {
    if (event.target.type !== 'search') return;
    clearTimeout(waiting);
    waiting = setTimeout(search, 150);
  });
  page.addEventListener('keydown', event => {
    if (event.target.type !== 'search' || event.key !== 'Escape') return;
    event.target.value = '';
    search();
  });

  // Totals and what says nothing on the question (the rows with a class) stay below.
  // A cell as it is compared: a number where it is one, nothing where it says that there is none.
  const valueOf = cell => {
    if (cell.dataset.sort) return Number(cell.dataset.sort);
    const said = [...cell.childNodes].filter(node => node.className !== 'under').map(node => node.textContent).join('').trim();
    const number = said.replace(/[\s%+]/g, '').replace(',', '.').replace('\u2212', '-');
    if (said === '' || said === '–') return null;
    return /^-?\d+(\.\d+)?$/.test(number) ? Number(number) : said;
  };
  const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });

  const order = (rows, column, direction) => {
    const known = rows.map(row => ({ row, last: row.className !== '', value: valueOf(row.cells[column]) }));
    const numbers = known.every(({ value }) => typeof value !== 'string');
    const compare = (a, b) => (numbers ? a - b : collator.compare(a, b));
    known.sort((a, b) => a.last - b.last || (a.value === null) - (b.value === null)
      || (a.value === null ? 0 : direction * compare(a.value, b.value)));
    return known.map(({ row }) => row);
  };

  for (const table of main.querySelectorAll('table.sorted:not(.more)')) {
    // A long table stands in two: rows go from one to the other.
    const parts = [table, ...table.closest('article').querySelectorAll('table.more')];
    const first = parts.flatMap(rowsOf);
    const sizes = parts.map(part => part.tBodies[0].rows.length);
    const place = rows => {
      let at = 0;
      parts.forEach((part, index) => part.tBodies[0].append(...rows.slice(at, (at += sizes[index]))));
      search();
    };
    parts.forEach(part => [...part.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener('click', () => {
        // Up, down, as it was.
        const next = { none: 'ascending', ascending: 'descending', descending: 'none' }[head.getAttribute('aria-sort') ?? 'none'];
        for (const other of parts.flatMap(part => [...part.tHead.rows[0].cells])) {
          if (next !== 'none' && other.cellIndex === column) other.setAttribute('aria-sort', next);
          else other.removeAttribute('aria-sort');
        }
        place(next !== 'none' ? order(first, column, next === 'ascending' ? 1 : -1) : first);
      });
    }));
  }

  addEventListener('resize', reach);
  main.addEventListener('toggle', reach, true);
  reach();
})();
