"""How a bulletin's paper is set: what belongs together stays together at the end of a page."""

import weasyprint


def test_the_total_of_a_short_table_never_stands_alone_on_the_next_page():
    looks = weasyprint.CSS(filename="static/css/paper-bulletin.css")
    table = "<thead><tr><th>分区</th></tr></thead><tbody><tr><td>高平市</td></tr></tbody><tfoot><tr><td>合计</td></tr></tfoot>"
    broken = 0
    for gap in (228, 232, 236, 240):
        text = f'<div class="pdf"><div class="paper bull"><div style="height:{gap}mm"></div><table>{table}</table></div></div>'
        pages = [
            {box.text for box in page._page_box.descendants() if hasattr(box, "text")}
            for page in weasyprint.HTML(string=text).render(stylesheets=[looks]).pages
        ]
        alone = [page for page in pages if "合计" in page and "高平市" not in page]
        broken += len(pages) > 1
        assert alone == [], gap
    assert broken, "the table met the end of the page"
