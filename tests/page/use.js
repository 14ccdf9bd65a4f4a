// What a person does with the page, for tests: types into a box, presses a header, reads rows.
const box = id => (id ? document.querySelector(`#${CSS.escape(id)} .search`) : document.querySelector('.search.whole'));
const type = async (text, id) => {
  const input = box(id).querySelector('input');
  input.focus();
  input.value = text;
  input.dispatchEvent(new Event('input', { bubbles: true }));
  await new Promise(done => setTimeout(done, 400));
  return box(id).querySelector('[role=status]').textContent;
};
const seen = element => element.checkVisibility();
// Cells of the rows that can be seen, of all tables of an article.
const rows = id => [...document.getElementById(id).querySelectorAll('tbody tr')].filter(seen)
  .map(row => [...row.cells].map(cell => [...cell.childNodes].filter(node => node.className !== 'under').map(node => node.textContent).join('').trim()));
const press = (id, column) => document.getElementById(id).querySelectorAll('thead')[0].rows[0].cells[column].querySelector('button').click();
