/* Cuts a part out of a picture and lays it straight; scripts/kernel.py builds it, appliance/vision/picture.py calls it.
 *
 * Between pixels it is bilinear, by 16ths of a pixel; beside the picture everything is black. Pictures are rows of
 * pixels of three bytes without gaps. `map` leads from the cut to the picture: x = map[0] column + map[1] row + map[2],
 * y likewise by the other three; no place may lie further than 2^40 pixels away.
 */
#include <stdint.h>

enum { FINE_BITS = 16, PART_BITS = 4, PARTS = 1 << PART_BITS, HALF = PARTS * PARTS / 2 };

static const uint8_t BLACK[3];

struct picture {
    const uint8_t *pixels;
    int64_t width, height;
};

/* Three colours in 256ths of a level. */
struct mixed {
    int32_t blue, green, red;
};

static const uint8_t *pixel(const struct picture *in, int64_t x, int64_t y) {
    int is_inside = x >= 0 && y >= 0 && x < in->width && y < in->height;
    return is_inside ? in->pixels + 3 * (y * in->width + x) : BLACK;
}

/* Of the four pixels around a place, told in 65536ths of a pixel. */
static inline struct mixed mixed(const struct picture *in, int64_t fine_x, int64_t fine_y) {
    int64_t x = fine_x >> FINE_BITS, y = fine_y >> FINE_BITS;
    int32_t right = (fine_x >> (FINE_BITS - PART_BITS)) & (PARTS - 1);
    int32_t below = (fine_y >> (FINE_BITS - PART_BITS)) & (PARTS - 1);
    int32_t d = right * below, c = below * PARTS - d, b = right * PARTS - d, a = PARTS * PARTS - b - c - d;
    const uint8_t *p, *q, *r, *s;
    if (x >= 0 && y >= 0 && x + 1 < in->width && y + 1 < in->height) {
        p = in->pixels + 3 * (y * in->width + x);
        q = p + 3, r = p + 3 * in->width, s = r + 3;
    } else {
        p = pixel(in, x, y), q = pixel(in, x + 1, y), r = pixel(in, x, y + 1), s = pixel(in, x + 1, y + 1);
    }
    return (struct mixed){a * p[0] + b * q[0] + c * r[0] + d * s[0], a * p[1] + b * q[1] + c * r[1] + d * s[1],
                          a * p[2] + b * q[2] + c * r[2] + d * s[2]};
}

/* Where a row of the cut begins, along one side, to the nearest 16th. */
static int64_t start(const double *line, int64_t row) {
    return (int64_t)((line[1] * (double)row + line[2]) * (1 << FINE_BITS)) + (1 << (FINE_BITS - PART_BITS - 1));
}

static int64_t step(const double *line) {
    return (int64_t)(line[0] * (1 << FINE_BITS));
}

/* Red, green and blue, each a level times `scale`. */
void lay_rgb(const uint8_t *pixels, int64_t width, int64_t height, const double *map, float *cut, int64_t cut_width,
             int64_t cut_height, float scale) {
    const struct picture in = {pixels, width, height};
    const int64_t across = step(map), down = step(map + 3);
    for (int64_t row = 0; row < cut_height; row++) {
        int64_t x = start(map, row), y = start(map + 3, row);
        for (int64_t column = 0; column < cut_width; column++, x += across, y += down, cut += 3) {
            struct mixed found = mixed(&in, x, y);
            cut[0] = (float)found.red * (scale / (PARTS * PARTS));
            cut[1] = (float)found.green * (scale / (PARTS * PARTS));
            cut[2] = (float)found.blue * (scale / (PARTS * PARTS));
        }
    }
}

/* Blue, green, red and 0, each a byte. */
void lay_words(const uint8_t *pixels, int64_t width, int64_t height, const double *map, uint8_t *cut,
               int64_t cut_width, int64_t cut_height) {
    const struct picture in = {pixels, width, height};
    const int64_t across = step(map), down = step(map + 3);
    for (int64_t row = 0; row < cut_height; row++) {
        int64_t x = start(map, row), y = start(map + 3, row);
        for (int64_t column = 0; column < cut_width; column++, x += across, y += down, cut += 4) {
            struct mixed found = mixed(&in, x, y);
            cut[0] = (uint8_t)((found.blue + HALF) / (PARTS * PARTS));
            cut[1] = (uint8_t)((found.green + HALF) / (PARTS * PARTS));
            cut[2] = (uint8_t)((found.red + HALF) / (PARTS * PARTS));
            cut[3] = 0;
        }
    }
}
