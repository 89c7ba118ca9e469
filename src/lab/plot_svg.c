/* A chart as an SVG: a page that is read in a browser, in a document, on paper.
 *
 * Title and subject stand above, then the legend, the plot with light grid lines at the ticks, and the axes' numbers and units beside them. Colours are
 * those of Okabe and Ito, which people who see few colours can tell apart; from the eighth flow on they repeat with dashes.
 *
 * A run of ten seconds has a hundred thousand ACKs and a screen a thousand columns. A line is therefore thinned: of the points in one
 * column of pixels the first, the least, the greatest and the last are kept, which draw the same. Dots are drawn once per half pixel.
 * So files stay small, whatever the run, and the same run gives the same bytes.
 *
 * Left out on purpose: scripts, fonts, style sheets. Every viewer and converter shows the same picture. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "lab/plot_chart.h"

enum { WIDTH = 960, HEIGHT = 480, LEFT = 78, RIGHT = 24, TOP = 64, BOTTOM = 52, LEGEND_LINE = 20, CHARACTER = 7 };

static const char *const COLOURS[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#333333"};
#define GREY "#666666"

struct pen {
    struct text *out;
    const struct plot_chart *chart;
    int top, height; /* the plot's own, below the legend */
};

static const char *colour_of(unsigned flow) { return COLOURS[flow % count_of(COLOURS)]; }
static double x_of(const struct pen *pen, double x)
{
    return LEFT + plot_scale_place(&pen->chart->x, x) * (WIDTH - LEFT - RIGHT);
}
static double y_of(const struct pen *pen, double y)
{
    return pen->top + (1 - plot_scale_place(&pen->chart->y, y)) * pen->height;
}

static void add_escaped(struct text *out, const char *string)
{
    for (; *string; string++) {
        switch (*string) {
        case '<': text_add(out, "&lt;"); break;
        case '>': text_add(out, "&gt;"); break;
        case '&': text_add(out, "&amp;"); break;
        case '"': text_add(out, "&quot;"); break;
        default:
            if ((unsigned char)*string >= ' ')
                text_add_char(out, *string);
        }
    }
}

static void words(const struct pen *pen, double x, double y, const char *attributes, const char *string)
{
    text_format(pen->out, "<text x=\"%.1f\" y=\"%.1f\" %s>", x, y, attributes);
    add_escaped(pen->out, string);
    text_add(pen->out, "</text>\n");
}

/* ---- the frame: grid, numbers, names ---- */

static void frame_draw(const struct pen *pen)
{
    const struct plot_chart *chart = pen->chart;
    char number[32];
    struct text name = {0};
    double bottom = pen->top + pen->height;
    text_add(pen->out, "<g stroke=\"#dddddd\" stroke-width=\"1\">\n");
    for (unsigned i = 0; i < chart->y.ticks; i++) {
        double y = y_of(pen, plot_scale_tick(&chart->y, i));
        text_format(pen->out, "<path d=\"M%d %.1fH%d\"/>\n", LEFT, y, WIDTH - RIGHT);
    }
    for (unsigned i = 0; i < chart->x.ticks; i++) {
        double x = x_of(pen, plot_scale_tick(&chart->x, i));
        text_format(pen->out, "<path d=\"M%.1f %dV%.1f\"/>\n", x, pen->top, bottom);
    }
    text_format(pen->out, "</g>\n<path d=\"M%d %dV%.1fH%d\" fill=\"none\" stroke=\"#333333\"/>\n", LEFT, pen->top, bottom,
                WIDTH - RIGHT);
    for (unsigned i = 0; i < chart->y.ticks; i++)
        words(pen, LEFT - 8, y_of(pen, plot_scale_tick(&chart->y, i)) + 4, "text-anchor=\"end\"",
              plot_scale_print(&chart->y, i, number, sizeof number));
    for (unsigned i = 0; i < chart->x.ticks; i++)
        words(pen, x_of(pen, plot_scale_tick(&chart->x, i)), bottom + 18, "text-anchor=\"middle\"",
              plot_scale_print(&chart->x, i, number, sizeof number));
    text_format(&name, "time since the lab began (%s)", chart->x.symbol);
    words(pen, LEFT + (WIDTH - LEFT - RIGHT) / 2.0, bottom + 40, "text-anchor=\"middle\"", text_string(&name));
    text_clear(&name);
    text_format(&name, "%s (%s)", chart->subject, chart->y.symbol);
    text_format(pen->out, "<g transform=\"translate(20 %.1f) rotate(-90)\">", pen->top + pen->height / 2.0);
    words(pen, 0, 0, "text-anchor=\"middle\"", text_string(&name));
    text_add(pen->out, "</g>\n");
    text_free(&name);
}

/* ---- lines ---- */

static void stroke_begin(const struct pen *pen, const struct plot_series *series)
{
    bool dashed = series->faint || series->flow >= count_of(COLOURS);
    text_format(pen->out, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"%s\"%s stroke-linejoin=\"round\" d=\"",
                colour_of(series->flow), series->faint ? "1" : "1.8", dashed ? " stroke-dasharray=\"5 4\"" : "");
}

static void line_to(const struct pen *pen, const struct plot_series *series, double x, double y, bool *down)
{
    if (!*down)
        text_format(pen->out, "M%.1f %.1f", x, y);
    else if (series->mark == PLOT_STEPS)
        text_format(pen->out, "H%.1fV%.1f", x, y);
    else
        text_format(pen->out, "L%.1f %.1f", x, y);
    *down = true;
}

static void line_draw(const struct pen *pen, const struct plot_series *series)
{
    bool down = false;
    stroke_begin(pen, series);
    for (size_t i = 0; i < series->count;) {
        const struct plot_point *first = &series->points[i];
        if (isnan(first->y)) {
            down = false;
            i++;
            continue;
        }
        double column = floor(x_of(pen, first->x)), least = first->y, most = first->y, last = first->y;
        double x = x_of(pen, first->x), end = x;
        for (i++; i < series->count && !isnan(series->points[i].y) && floor(x_of(pen, series->points[i].x)) == column; i++) {
            last = series->points[i].y;
            least = fmin(least, last);
            most = fmax(most, last);
            end = x_of(pen, series->points[i].x);
        }
        line_to(pen, series, x, y_of(pen, first->y), &down);
        if (least < first->y)
            line_to(pen, series, x, y_of(pen, least), &down);
        if (most > first->y || (most > last && least < first->y))
            line_to(pen, series, x, y_of(pen, most), &down);
        if (last != first->y || end > x)
            line_to(pen, series, end, y_of(pen, last), &down);
    }
    text_add(pen->out, "\"/>\n");
}

/* ---- marks ---- */

static void marks_draw(const struct pen *pen, const struct plot_series *series)
{
    bool crosses = series->mark != PLOT_DOTS;
    size_t across = (size_t)WIDTH * 2, cells = across * HEIGHT * 2;
    uint8_t *taken = memory_take_zeroed(cells / 8 + 1, 1);
    if (crosses) /* in black, so that they stand out on a line of any colour */
        text_format(pen->out, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"1.2\" d=\"",
                    series->mark == PLOT_CROSSES ? "#000000" : colour_of(series->flow));
    else
        text_format(pen->out, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"%s\" stroke-linecap=\"round\"%s d=\"",
                    colour_of(series->flow), series->faint ? "2.2" : "2.4", series->faint ? " stroke-opacity=\"0.5\"" : "");
    for (size_t i = 0; i < series->count; i++) {
        double x = x_of(pen, series->points[i].x);
        double y =
            series->mark == PLOT_FEET ? pen->top + pen->height - 5.0 - 7.0 * series->flow : y_of(pen, series->points[i].y);
        size_t grain = crosses ? 4 : 1; /* crosses are larger: fewer are told apart */
        size_t cell = (size_t)(y * 2) / grain * grain * across + (size_t)(x * 2) / grain * grain;
        if (cell >= cells || taken[cell / 8] & 1 << cell % 8)
            continue;
        taken[cell / 8] |= (uint8_t)(1 << cell % 8);
        if (crosses)
            text_format(pen->out, "M%.1f %.1fl6 6m0 -6l-6 6", x - 3, y - 3);
        else
            text_format(pen->out, "M%.1f %.1fh0", x, y);
    }
    text_add(pen->out, "\"/>\n");
    memory_free(taken);
}

/* ---- the legend: a line for each flow, then what the marks mean ---- */

static bool drawn(const struct plot_series *series)
{
    for (size_t i = 0; i < series->count; i++)
        if (!isnan(series->points[i].y))
            return true;
    return false;
}

struct place {
    double x, y;
};
static struct place legend_place(struct place *at, const char *label)
{
    double width = 40 + CHARACTER * (double)strlen(label);
    if (at->x + width > WIDTH - RIGHT && at->x > LEFT)
        *at = (struct place){LEFT, at->y + LEGEND_LINE};
    struct place place = *at;
    at->x += width;
    return place;
}

static void legend_key(const struct pen *pen, const struct plot_series *series, struct place place, const char *colour)
{
    if (series->mark == PLOT_CROSSES || series->mark == PLOT_FEET)
        text_format(pen->out, "<path d=\"M%.1f %.1fl6 6m0 -6l-6 6\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.2\"/>\n",
                    place.x + 9, place.y - 7, colour);
    else if (series->mark == PLOT_DOTS)
        text_format(pen->out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.2\" fill=\"%s\"/>\n", place.x + 12, place.y - 4, colour);
    else
        text_format(pen->out, "<path d=\"M%.1f %.1fh24\" stroke=\"%s\" stroke-width=\"%s\"%s/>\n", place.x, place.y - 4, colour,
                    series->faint ? "1" : "2.4",
                    series->faint || series->flow >= count_of(COLOURS) ? " stroke-dasharray=\"5 4\"" : "");
    words(pen, place.x + 30, place.y, "", series->label);
}

static double legend_draw(const struct pen *pen, bool measure)
{
    const struct plot_chart *chart = pen->chart;
    struct place at = {LEFT, TOP + 4};
    for (unsigned flows = 2; flows-- > 0;) /* first what is a flow's own, then what every flow has */
        for (unsigned i = 0; i < chart->series_count; i++) {
            const struct plot_series *series = &chart->series[i];
            bool own = series->label == chart->labels[series->flow], told = false;
            for (unsigned k = 0; k < i; k++)
                told |= drawn(&chart->series[k]) && chart->series[k].label == series->label;
            if (own != (flows == 1) || told || !drawn(series))
                continue;
            struct place place = legend_place(&at, series->label);
            if (!measure)
                legend_key(pen, series, place, own ? colour_of(series->flow) : GREY);
        }
    return at.y;
}

void plot_svg(const struct plot_chart *chart, struct text *out)
{
    struct pen pen = {.out = out, .chart = chart};
    pen.top = (int)legend_draw(&pen, true) + 16;
    pen.height = HEIGHT - TOP - BOTTOM;
    int height = pen.top + pen.height + BOTTOM;
    text_format(out,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" "
                "font-family=\"DejaVu Sans, Verdana, sans-serif\" font-size=\"12\" fill=\"#222222\" role=\"img\">\n<title>",
                WIDTH, height, WIDTH, height);
    add_escaped(out, chart->title);
    text_format(out, "</title>\n<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n", WIDTH, height);
    words(&pen, LEFT, 30, "font-size=\"17\" font-weight=\"bold\"", chart->title);
    legend_draw(&pen, false);
    frame_draw(&pen);
    for (unsigned i = 0; i < chart->series_count; i++) {
        const struct plot_series *series = &chart->series[i];
        if (!drawn(series))
            continue;
        if (series->mark == PLOT_LINE || series->mark == PLOT_STEPS)
            line_draw(&pen, series);
        else
            marks_draw(&pen, series);
    }
    text_add(out, "</svg>\n");
}
