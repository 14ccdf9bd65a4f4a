// All rules of axe, and target sizes, which it leaves out by itself. What it cannot decide is decided here where that can be.
const wanted = { resultTypes: ['violations', 'incomplete'] };
const found = await axe.run(document, { ...wanted, rules: { 'target-size': { enabled: true }, 'color-contrast': { enabled: false } } });
// Contrasts take most of the time, and rows of a table differ by their class alone: the first ones and the last are looked at.
for (const part of document.querySelectorAll('tbody')) {
  [...part.rows].slice(6, -1).forEach(row => row.toggleAttribute('data-alike', row.className === ''));
}
const colours = await axe.run({ include: [['html']], exclude: [['[data-alike]']] }, { ...wanted, runOnly: ['color-contrast'] });
found.violations.push(...colours.violations);
found.incomplete.push(...colours.incomplete);

const parts = color => (color.match(/[\d.]+/g) || []).map(Number);
const light = color => {
  const [red, green, blue] = parts(color).map(part => part / 255).map(part => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
// Contrast of a text with the nearest opaque background around it; nothing where a picture or transparency lies between.
// axe cannot tell it of texts of an SVG, nor of cells that scrolled below the first column. On what a text of a chart
// stands is checked by its place (look.js).
const contrast = element => {
  const style = getComputedStyle(element);
  const front = element.closest('svg') ? style.fill : style.color;
  for (let around = element.closest('svg')?.parentElement ?? element; around; around = around.parentElement) {
    const { backgroundColor, backgroundImage, opacity } = getComputedStyle(around);
    if (backgroundImage !== 'none' || opacity !== '1') return 0;
    const alpha = parts(backgroundColor)[3] ?? 1;
    if (alpha === 0) continue;
    if (alpha < 1) return 0;
    const [less, more] = [light(front), light(backgroundColor)].sort((a, b) => a - b);
    return (more + 0.05) / (less + 0.05);
  }
  return 0;
};
const undecided = found.incomplete.flatMap(rule => rule.nodes
  .filter(node => rule.id !== 'color-contrast' || contrast(document.querySelector(node.target[0])) < 4.5)
  .map(node => `${rule.id}: ${node.target[0]}: ${[...node.any, ...node.all, ...node.none].map(check => check.message).join(' ')}`));
const violations = found.violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.target[0]}: ${node.failureSummary}`));
return { violations, undecided, decided: found.incomplete.reduce((sum, rule) => sum + rule.nodes.length, 0) - undecided.length, version: axe.version };
