/* A chart with characters, for a terminal or a pipe.
 *
 * On a terminal each character is a braille cell of two by four dots, so a hundred columns show two hundred instants, and each flow has its colour
 * (the same as in the SVG, as near as 256 colours come). In a pipe there are no colours and no letters beyond ASCII: each flow has a
 * mark of its own, listed below the plot. What was sent again is a cross in either. What stands beside a flow (such as ssthresh) is
 * dotted, and only on a terminal.
 *
 * A line is drawn from point to point; steps go across and then up or down, as in the SVG. What lies outside the axes is not drawn.
 * Where two flows share a cell, its colour (or mark) is the later one's. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "lab/plot_chart.h"

enum { LABEL_COLUMNS = 9, COLUMNS_LEAST = 40, COLUMNS_MOST = 400, ROWS_LEAST = 6, ROWS_MOST = 100 };

static const unsigned COLOURS[] = {32, 166, 36, 175, 178, 74, 245};
static const char MARKS[] = "*o+#%@&=~ABC";

struct canvas {
    unsigned columns, rows, fine_x, fine_y; /* cells, and dots in a cell */
    uint8_t *dots, *flow;                   /* of each cell; flow: 0 nobody, n + 1 */
    bool *crossed;                          /* something was sent again there */
};

static void dot(struct canvas *canvas, long x, long y, unsigned flow)
{
    static const uint8_t BRAILLE[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    long width = (long)canvas->columns * canvas->fine_x, height = (long)canvas->rows * canvas->fine_y;
    if (x < 0 || y < 0 || x >= width || y >= height)
        return;
    size_t cell = (size_t)(y / canvas->fine_y) * canvas->columns + (size_t)(x / canvas->fine_x);
    canvas->dots[cell] |= canvas->fine_x == 2 ? BRAILLE[y % 4][x % 2] : 1;
    canvas->flow[cell] = (uint8_t)(flow + 1);
}

static void cross(struct canvas *canvas, long x, long y, unsigned flow)
{
    dot(canvas, x, y, flow);
    if (x >= 0 && y >= 0 && x < (long)canvas->columns * canvas->fine_x && y < (long)canvas->rows * canvas->fine_y)
        canvas->crossed[(size_t)(y / canvas->fine_y) * canvas->columns + (size_t)(x / canvas->fine_x)] = true;
}

static void line(struct canvas *canvas, long x0, long y0, long x1, long y1, const struct plot_series *series)
{
    long steps = labs(x1 - x0) > labs(y1 - y0) ? labs(x1 - x0) : labs(y1 - y0);
    for (long i = 0; i <= steps; i++) {
        long x = x0 + (steps ? (x1 - x0) * i / steps : 0), y = y0 + (steps ? (y1 - y0) * i / steps : 0);
        if (!series->faint || (x + y) % 4 == 0) /* faint ones are dotted */
            dot(canvas, x, y, series->flow);
    }
}

static void series_draw(struct canvas *canvas, const struct plot_chart *chart, const struct plot_series *series)
{
    long width = (long)canvas->columns * canvas->fine_x, height = (long)canvas->rows * canvas->fine_y;
    long before_x = 0, before_y = 0;
    bool down = false;
    for (size_t i = 0; i < series->count; i++) {
        const struct plot_point *point = &series->points[i];
        if (isnan(point->y)) {
            down = false;
            continue;
        }
        long x = lround(plot_scale_place(&chart->x, point->x) * (double)(width - 1));
        long y = lround((1 - plot_scale_place(&chart->y, point->y)) * (double)(height - 1));
        if (series->mark == PLOT_FEET)
            y = height - 1;
        bool lined = series->mark == PLOT_LINE || series->mark == PLOT_STEPS;
        bool crosses = series->mark == PLOT_FEET || series->mark == PLOT_CROSSES;
        if (lined && down && series->mark == PLOT_STEPS) {
            line(canvas, before_x, before_y, x, before_y, series);
            line(canvas, x, before_y, x, y, series);
        } else if (lined && down) {
            line(canvas, before_x, before_y, x, y, series);
        } else if (crosses) {
            cross(canvas, x, y, series->flow);
        } else {
            dot(canvas, x, y, series->flow);
        }
        before_x = x;
        before_y = y;
        down = true;
    }
}

/* ---- onto the text ---- */

static void paint(const struct plot_terminal_settings *settings, struct text *out, unsigned flow)
{
    if (settings->colour)
        text_format(out, "\x1b[38;5;%um", COLOURS[flow % count_of(COLOURS)]);
}

static void row_print(const struct canvas *canvas, const struct plot_terminal_settings *settings, unsigned row,
                      struct text *out)
{
    unsigned painted = 0;
    for (unsigned column = 0; column < canvas->columns; column++) {
        size_t cell = (size_t)row * canvas->columns + column;
        unsigned flow = canvas->flow[cell], dots = canvas->dots[cell];
        if (flow && flow != painted)
            paint(settings, out, flow - 1);
        painted = flow ? flow : painted;
        if (!flow)
            text_add_char(out, ' ');
        else if (canvas->crossed[cell])
            text_add(out, settings->plain ? "x" : "\u00d7");
        else if (settings->plain)
            text_add_char(out, MARKS[(flow - 1) % (sizeof MARKS - 1)]);
        else
            text_format(out, "\xe2%c%c", 0xa0 + (int)(dots >> 6), 0x80 + (int)(dots & 0x3f));
    }
    if (painted && settings->colour)
        text_add(out, "\x1b[0m");
    while (out->length && out->data[out->length - 1] == ' ')
        out->data[--out->length] = '\0';
}

/* The number of the y tick that belongs to this row; an empty text for none. */
static const char *row_label(const struct canvas *canvas, const struct plot_scale *scale, unsigned row, char *out, size_t size)
{
    for (unsigned i = 0; i < scale->ticks; i++) {
        double place = (1 - plot_scale_place(scale, plot_scale_tick(scale, i))) * (canvas->rows - 1);
        if ((unsigned)lround(place) == row)
            return plot_scale_print(scale, i, out, size);
    }
    return "";
}

static void time_axis(const struct canvas *canvas, const struct plot_chart *chart, const char *corner, const char *dash,
                      struct text *out)
{
    size_t width = canvas->columns + LABEL_COLUMNS + 12;
    char *numbers = memory_take(width + 1), number[32];
    memset(numbers, ' ', width);
    numbers[width] = '\0';
    text_format(out, "%*s%s", LABEL_COLUMNS, "", corner);
    for (unsigned i = 0; i < canvas->columns; i++)
        text_add(out, dash);
    size_t free_from = 0;
    for (unsigned i = 0; i < chart->x.ticks; i++) {
        double place = plot_scale_place(&chart->x, plot_scale_tick(&chart->x, i)) * (canvas->columns - 1);
        size_t length = strlen(plot_scale_print(&chart->x, i, number, sizeof number));
        size_t at = LABEL_COLUMNS + 1 + (size_t)lround(place);
        at = at > length / 2 ? at - length / 2 : 0;
        if (at < free_from || at + length > width)
            continue;
        memcpy(numbers + at, number, length);
        free_from = at + length + 2;
    }
    while (width && numbers[width - 1] == ' ')
        numbers[--width] = '\0';
    text_format(out, "\n%s %s\n", numbers, chart->x.symbol);
    memory_free(numbers);
}

/* The flows, and then in a line what stands beside them, in whose colours. */
static void legend(const struct plot_chart *chart, const struct plot_terminal_settings *settings, struct text *out)
{
    for (unsigned i = 0; i < chart->flow_count; i++) {
        text_format(out, "%*s", LABEL_COLUMNS + 1, "");
        paint(settings, out, i);
        if (settings->plain)
            text_add_char(out, MARKS[i % (sizeof MARKS - 1)]);
        else
            text_add(out, "\u2501\u2501");
        text_format(out, "%s %s\n", settings->colour ? "\x1b[0m" : "", chart->labels[i]);
    }
    const char *separator = "";
    for (unsigned i = 0; i < chart->series_count; i++) {
        const struct plot_series *series = &chart->series[i];
        bool told = series->count == 0 || !series->label || series->label == chart->labels[series->flow];
        for (unsigned k = 0; k < i && !told; k++)
            told = chart->series[k].count && chart->series[k].label == series->label;
        if (told || (settings->plain && series->faint))
            continue;
        text_format(out, "%*s", *separator ? 0 : LABEL_COLUMNS + 1, "");
        text_format(out, "%s%s %s", separator,
                    series->faint     ? "\u2504\u2504"
                    : settings->plain ? "x"
                                      : "\u00d7",
                    series->label);
        separator = "   ";
    }
    if (*separator)
        text_add_char(out, '\n');
}

static unsigned clamp(unsigned value, unsigned least, unsigned most)
{
    return value < least ? least : value > most ? most : value;
}

void plot_terminal(const struct plot_chart *chart, const struct plot_terminal_settings *settings, struct text *out)
{
    unsigned columns = clamp(settings->columns, COLUMNS_LEAST, COLUMNS_MOST);
    struct canvas canvas = {.columns = columns - LABEL_COLUMNS - 2,
                            .rows = clamp(settings->rows, ROWS_LEAST, ROWS_MOST),
                            .fine_x = settings->plain ? 1 : 2,
                            .fine_y = settings->plain ? 1 : 4};
    size_t cells = (size_t)canvas.columns * canvas.rows;
    char number[32];
    canvas.dots = memory_take_zeroed(cells, 1);
    canvas.flow = memory_take_zeroed(cells, 1);
    canvas.crossed = memory_take_zeroed(cells, sizeof *canvas.crossed);
    for (unsigned faint = 2; faint-- > 0;) /* the flows' own lines over the faint ones */
        for (unsigned i = 0; i < chart->series_count; i++)
            if (chart->series[i].faint == (faint == 1) && !(settings->plain && faint == 1))
                series_draw(&canvas, chart, &chart->series[i]);
    text_format(out, "%s\n\n%*s%s (%s)\n", chart->title, LABEL_COLUMNS + 1, "", chart->subject, chart->y.symbol);
    for (unsigned row = 0; row < canvas.rows; row++) {
        text_format(out, "%*s %s", LABEL_COLUMNS - 1, row_label(&canvas, &chart->y, row, number, sizeof number),
                    settings->plain ? "|" : "\u2502");
        row_print(&canvas, settings, row, out);
        text_add_char(out, '\n');
    }
    time_axis(&canvas, chart, settings->plain ? "+" : "\u2514", settings->plain ? "-" : "\u2500", out);
    legend(chart, settings, out);
    memory_free(canvas.dots);
    memory_free(canvas.flow);
    memory_free(canvas.crossed);
}
