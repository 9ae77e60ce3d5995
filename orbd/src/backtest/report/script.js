'use strict';
(() => {
  const tip = document.getElementById('tip');
  const hide = () => tip.classList.remove('on');
  const show = (lines, x, y) => {
    tip.replaceChildren(...lines.map((text, index) => {
      const line = document.createElement(index ? 'div' : 'b');
      line.textContent = text;
      return line;
    }));
    tip.classList.add('on');
    const box = tip.getBoundingClientRect();
    const left = x + 14 + box.width > innerWidth ? x - 14 - box.width : x + 14;
    tip.style.left = Math.max(4, left) + 'px';
    tip.style.top = Math.max(4, Math.min(y + 12, innerHeight - box.height - 4)) + 'px';
  };
  addEventListener('scroll', hide, { passive: true });

  for (const mark of document.querySelectorAll('[data-tip]')) {
    mark.addEventListener('pointermove', (event) => show(mark.dataset.tip.split('|'), event.clientX, event.clientY));
    mark.addEventListener('pointerleave', hide);
  }

  for (const chart of document.querySelectorAll('.hover')) {
    const rows = JSON.parse(chart.querySelector('script').textContent);
    for (const svg of rows.length ? chart.querySelectorAll('svg') : []) {
      const from = Number(svg.dataset.from), to = Number(svg.dataset.to);
      const hair = svg.querySelector('.crosshair');
      svg.addEventListener('pointermove', (event) => {
        const box = svg.getBoundingClientRect();
        const x = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
        const share = (x - from) / (to - from);
        const index = Math.max(0, Math.min(rows.length - 1, Math.round(share * rows.length) - 1));
        const [date, low, high, lowBelow, highBelow] = rows[index];
        const at = from + (index + 1) / rows.length * (to - from);
        hair.setAttribute('x1', at);
        hair.setAttribute('x2', at);
        svg.classList.add('on');
        show([date, 'Pessimistic  ' + low + '  ' + lowBelow, 'Optimistic  ' + high + '  ' + highBelow], event.clientX, event.clientY);
      });
      svg.addEventListener('pointerleave', () => { svg.classList.remove('on'); hide(); });
    }
  }

  const number = (text) => {
    const plain = text.replace(/\u2212/g, '-').replace(/[^0-9.:-]/g, '').replace(':', '');
    return plain === '' || Number.isNaN(Number(plain)) ? null : Number(plain);
  };
  for (const table of document.querySelectorAll('table.sortable')) {
    const body = table.tBodies[0];
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      if (!head.textContent.trim()) return;
      const button = document.createElement('button');
      button.type = 'button';
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener('click', () => {
        const down = head.getAttribute('aria-sort') === 'descending';
        for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
        head.setAttribute('aria-sort', down ? 'ascending' : 'descending');
        const numeric = head.classList.contains('num');
        const value = (row) => numeric ? number(row.cells[column].textContent) : row.cells[column].textContent;
        const order = (a, b) => {
          const one = value(a), two = value(b);
          if (one === null || two === null) return (one === null) - (two === null);
          const rise = numeric ? one - two : one.localeCompare(two);
          return down ? rise : -rise;
        };
        body.append(...[...body.rows].sort(order));
      });
    });
  }
})();
