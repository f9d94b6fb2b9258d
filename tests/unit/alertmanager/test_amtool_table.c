// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/amtool/table.h"
#include "tests/support/check.h"

static void columns_are_runs_of_neighbouring_lines(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } ROWS[] = {
        {"", ""},
        {"\n", "\n"},
        {"x", "x"},
        {"no cell\n", "no cell\n"},
        {"a\tb\t\n", "a  b  \n"},
        {"a\tb\nlong\tb\n", "a     b\nlong  b\n"},                  // what is last is no cell
        {"a\tb\t\nlong\tc\t\n", "a     b  \nlong  c  \n"},          // both columns
        {"ß東\tx\nabc\ty\n", "ß東   x\nabc  y\n"},                  // code points
        {"a\tb\n\nlong\tb\n", "a  b\n\nlong  b\n"},                 // an empty line ends columns
        {"a\tb\tc\nx\ny\tzzzz\tz\n", "a  b  c\nx\ny  zzzz  z\n"},   // so does one without cells
        {"a\t1\tx\nb\t\nc\t333\ty\n", "a  1  x\nb  \nc  333  y\n"}, // only the second column
        {"\t\tx\n", "    x\n"},
        {"a\fbbb\tc\nd\te\n", "a\nbbb  c\nd    e\n"},
        {"aaaa\tb\n\fc\td\n", "aaaa  b\n\nc  d\n"},
        {"a\vb\n", "a  b\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        defer(buf_done) struct buf out = {0};
        table_put(&out, str_c(ROWS[i].text));
        check_str(buf_str(&out), str_c(ROWS[i].want));
    }
}

// An annotation full of tabs must not make the table deep.
static void a_line_has_a_greatest_number_of_cells(void **state)
{
    (void)state;
    defer(buf_done) struct buf text = {0}, out = {0};
    buf_put_fill(&text, '\t', 100000);
    table_put(&out, buf_str(&text));
    assert_int_equal(out.n, TABLE_PADDING * TABLE_COLUMNS_MAX + 100000 - TABLE_COLUMNS_MAX);
    assert_true(str_find(buf_str(&out), '\t') == STR_NONE);
}

int test_amtool_table(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_runs_of_neighbouring_lines),
        cmocka_unit_test(a_line_has_a_greatest_number_of_cells),
    };
    return run_group("amtool table", tests);
}
