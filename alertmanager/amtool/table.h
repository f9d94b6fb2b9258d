// SPDX-License-Identifier: Apache-2.0
// table.h: text in columns, aligned as Go's text/tabwriter does it.
//
// The text is lines of cells, each cell ended by a tab; what stands behind the last tab of a line
// is no cell and is not padded. A column is a run of neighbouring lines that have a cell at this
// place: a line without it ends the column, and the next one may be of another width. Cells that
// hold tabs or line ends come apart, as upstream's do; a vertical tab counts as a tab, and a form
// feed as a line end that ends all columns.
#pragma once
#include "base/core/buf.h"

#define TABLE_PADDING     2   // blanks behind the longest cell of a column
#define TABLE_COLUMNS_MAX 256 // a tab beyond is a blank: what is in a cell is not ours to choose

// Appends the text with its cells padded; widths are counted in code points.
void table_put(struct buf *out, str text);
