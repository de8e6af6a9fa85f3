"""What every page promises to eye and keyboard: axe finds nothing, nothing is too wide, Tab comes to every control."""

from axe_playwright_python.base import AXE_SCRIPT, AxeResults

PHONE, DESK = {"width": 360, "height": 780}, {"width": 1366, "height": 768}
#: What is wider than the window, for the message of a failure.
WIDE = """() => [document.documentElement.scrollWidth, [...document.querySelectorAll('body *')]
  .filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroller'))
  .slice(0, 5).map(e => `${e.tagName}.${e.className} ${Math.round(e.getBoundingClientRect().right)}`)]"""
RULES = "axe.run({resultTypes: ['violations'], preload: false, rules: {'color-contrast': {enabled: false}}})"
#: Contrast is measured for each look once: colour, size and weight of a text with all that is painted behind it.
#: A look is known when axe has measured it; what axe could not decide is measured on the next page again.
CONTRAST = """async known => {
  const seen = new Set(known), behind = new Map(), fresh = new Map();
  const ground = node => {
    if (!node) return '';
    if (!behind.has(node)) {
      const look = getComputedStyle(node);
      const own = [look.backgroundColor, look.backgroundImage, look.opacity, look.position, look.filter].join();
      behind.set(node, own.startsWith('rgba(0, 0, 0, 0),none,1,static,none') ? ground(node.parentElement)
        : `${ground(node.parentElement)}/${own}`);
    }
    return behind.get(node);
  };
  const words = node => [...node.childNodes].some(child => child.nodeType === 3 && child.data.trim())
    || node.matches('input, textarea, select');
  for (const node of document.querySelectorAll('body, body *')) {
    if (!words(node) || !node.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
    const look = getComputedStyle(node);
    const off = node.closest(':disabled, [aria-disabled=true]') !== null;
    const sign = [look.color, look.fontSize, look.fontWeight, look.textShadow, off, ground(node)].join();
    if (!seen.has(sign)) fresh.set(node, sign);
  }
  if (!fresh.size) return {violations: [], measured: []};
  const found = await axe.run({include: [...fresh.keys()]},
    {runOnly: ['color-contrast'], resultTypes: ['violations', 'passes'], preload: false, elementRef: true});
  const measured = found.passes.flatMap(rule => rule.nodes.map(node => fresh.get(node.element)));
  for (const node of found.violations.flatMap(rule => rule.nodes)) delete node.element;
  return {violations: found.violations, measured: [...new Set(measured.filter(Boolean))]};
}"""
#: What Tab has to come to: each control that can be seen, of a group of radio buttons one.
CONTROLS = """() => {
  const group = node => node.type === 'radio' ? `radio ${node.name} ${[...document.forms].indexOf(node.form)}` : node;
  const shown = node => !node.disabled && node.checkVisibility({visibilityProperty: true});
  const all = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')];
  window.unmet = new Map(all.filter(shown).map(node => [group(node), node]));
  window.meet = () => {
    const node = document.activeElement, look = [node, node.nextElementSibling].map(one => one && getComputedStyle(one));
    const seen = look.some(one => one && one.outlineStyle !== 'none' && parseFloat(one.outlineWidth) >= 2);
    const fresh = unmet.delete(group(node));
    return [fresh, fresh && !seen ? node.outerHTML.slice(0, 120) : '', unmet.size];
  };
  document.body.tabIndex = -1;
  document.body.focus();
  return unmet.size;
}"""
#: The looks that axe has measured in this process.
MEASURED = set()


def keeps(page):
    """axe finds nothing, and the page is not wider than the window."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    contrast = page.evaluate(CONTRAST, list(MEASURED))
    MEASURED.update(contrast["measured"])
    for answer in (page.evaluate(RULES), contrast):
        found = AxeResults(answer)
        assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"
    width, wide = page.evaluate(WIDE)
    assert width <= page.viewport_size["width"], f"{page.url}: {width} px wide, {wide}"


def at_width(page, size):
    """The same at another size of the window."""
    before = page.viewport_size
    page.set_viewport_size(size)
    keeps(page)
    page.set_viewport_size(before)


def by_tab(page):
    """Tab alone comes to every control of the page and past it, and a line around it shows where one is."""
    left, unseen, idle = page.evaluate(CONTROLS), [], 0
    assert left, f"{page.url}: nothing to press"
    while left and idle < 20:  # a box that scrolls takes a press too
        page.keyboard.press("Tab")
        fresh, hidden, left = page.evaluate("meet()")
        idle = 0 if fresh else idle + 1
        unseen += [hidden] if hidden else []
    missed = page.evaluate("[...unmet.values()].slice(0, 5).map(node => node.outerHTML.slice(0, 120))")
    assert (missed, unseen[:5]) == ([], []), f"{page.url}: Tab does not come to, or does not show"
