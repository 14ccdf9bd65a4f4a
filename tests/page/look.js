// What can be decided by looking at the page as it is laid out, beyond the rules of axe. Gives sentences; none is good.
const problems = [];
const name = element => {
  const at = element.closest('[id]');
  return `${element.tagName.toLowerCase()} in #${at ? at.id : '?'} “${element.textContent.trim().slice(0, 40)}”`;
};
const width = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth > width) problems.push(`the page is ${document.documentElement.scrollWidth} wide`);
for (const element of document.querySelectorAll('body *')) {
  const box = element.getBoundingClientRect();
  if (box.width === 0 || element.closest('.scroll > *, .unseen, .skip')) continue;
  if (box.right > width + 0.5 || box.left < -0.5) problems.push(`${name(element)} stands out: ${box.left} to ${box.right} of ${width}`);
}
for (const place of document.querySelectorAll('.scroll')) {
  const wide = place.scrollWidth > place.clientWidth;
  if (wide && place.tabIndex !== 0) problems.push(`${name(place)} scrolls and no key reaches it`);
  if (wide && !document.getElementById(place.getAttribute('aria-labelledby'))) problems.push(`${name(place)} has no name`);
}
// Charts: something is drawn, texts are no empty ones and stand on no bar.
for (const chart of document.querySelectorAll('svg.chart')) {
  if (chart.getBoundingClientRect().width === 0) continue;
  const boxes = selector => [...chart.querySelectorAll(selector)].filter(one => !one.closest('defs')).map(one => one.getBoundingClientRect());
  const bars = boxes('rect.solid, rect.patterned, rect.open');
  if (!bars.some(bar => bar.width > 0.5) && boxes('line.stroke').length === 0) problems.push(`${name(chart)} is empty`);
  for (const text of chart.querySelectorAll('text')) {
    const box = text.getBoundingClientRect();
    if (text.textContent.trim() === '') problems.push(`${name(chart)} has an empty text`);
    const over = bars.find(bar => bar.left < box.right - 1 && box.left + 1 < bar.right && bar.top < box.bottom - 4 && box.top + 4 < bar.bottom);
    if (over) problems.push(`${name(text)} stands on a bar`);
  }
}
return { problems, width };
