/* The loops over pixels that numpy is slow at; scripts/kernel.py builds them, appliance/vision/picture.py calls them.
 *
 * Nothing is called and nothing is kept. Pictures are rows without gaps, of pixels of three bytes or, grey, of one.
 * Lowest bytes come first.
 *
 * A cut is bilinear, by 16ths of a pixel; beside the picture everything is black. `map` leads from the cut to the
 * picture: x = map[0] column + map[1] row + map[2], y likewise by the other three; no place may lie further than 2^40
 * pixels away.
 *
 * Beside a grey picture lies its mirror, without the edge itself; it is at least two pixels high and wide, and no
 * narrower or lower than `reach` + 1. `room` is worked in.
 */
#include <stdint.h>

enum { FINE_BITS = 16, PART_BITS = 4, PARTS = 1 << PART_BITS };

/* A pixel's three levels, or their weighed sum in 256ths, side by side in 16 bits each. */
typedef uint64_t colours;

enum { BLUE = 0, RED = 16, GREEN = 32 };

static const colours HALF = 128ULL << BLUE | 128ULL << RED | 128ULL << GREEN;

struct picture {
    const uint8_t *pixels;
    int64_t width, height;
};

/* Of a pixel that is not the picture's last: a byte more is read than it has. */
static inline colours read(const uint8_t *pixel) {
    uint32_t word;
    __builtin_memcpy(&word, pixel, sizeof word);
    return (word & 0xFF00FF) | (colours)(word & 0x00FF00) << (GREEN - 8);
}

static colours read_or_black(const struct picture *in, int64_t x, int64_t y) {
    if (x < 0 || y < 0 || x >= in->width || y >= in->height) {
        return 0;
    }
    const uint8_t *pixel = in->pixels + 3 * (y * in->width + x);
    return (colours)pixel[0] << BLUE | (colours)pixel[1] << GREEN | (colours)pixel[2] << RED;
}

/* Of the four pixels around a place, told in 65536ths of a pixel. */
static inline colours mixed(const struct picture *in, int64_t fine_x, int64_t fine_y) {
    int64_t x = fine_x >> FINE_BITS, y = fine_y >> FINE_BITS;
    colours right = (fine_x >> (FINE_BITS - PART_BITS)) & (PARTS - 1);
    colours below = (fine_y >> (FINE_BITS - PART_BITS)) & (PARTS - 1);
    colours d = right * below, c = below * PARTS - d, b = right * PARTS - d, a = PARTS * PARTS - b - c - d;
    if (x >= 0 && y >= 0 && x + 2 < in->width && y + 1 < in->height) {
        const uint8_t *above = in->pixels + 3 * (y * in->width + x), *under = above + 3 * in->width;
        return a * read(above) + b * read(above + 3) + c * read(under) + d * read(under + 3);
    }
    return a * read_or_black(in, x, y) + b * read_or_black(in, x + 1, y) + c * read_or_black(in, x, y + 1) +
           d * read_or_black(in, x + 1, y + 1);
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
    const float share = scale / (PARTS * PARTS);
    for (int64_t row = 0; row < cut_height; row++) {
        int64_t x = start(map, row), y = start(map + 3, row);
        for (int64_t column = 0; column < cut_width; column++, x += across, y += down, cut += 3) {
            colours found = mixed(&in, x, y);
            cut[0] = (float)(int32_t)(found >> RED & 0xFFFF) * share;
            cut[1] = (float)(int32_t)(found >> GREEN & 0xFFFF) * share;
            cut[2] = (float)(int32_t)(found >> BLUE & 0xFFFF) * share;
        }
    }
}

/* Blue, green, red and 0, each a byte. */
void lay_words(const uint8_t *pixels, int64_t width, int64_t height, const double *map, uint32_t *cut,
               int64_t cut_width, int64_t cut_height) {
    const struct picture in = {pixels, width, height};
    const int64_t across = step(map), down = step(map + 3);
    for (int64_t row = 0; row < cut_height; row++) {
        int64_t x = start(map, row), y = start(map + 3, row);
        for (int64_t column = 0; column < cut_width; column++, x += across, y += down) {
            colours found = (mixed(&in, x, y) + HALF) >> 8;
            *cut++ = (found >> BLUE & 0xFF) | (found >> GREEN & 0xFF) << 8 | (found >> RED & 0xFF) << 16;
        }
    }
}

static int64_t mirrored(int64_t at, int64_t length) {
    at = at < 0 ? -at : at;
    return at < length ? at : 2 * (length - 1) - at;
}

/* A Gaussian: `bell` is half of it in 256ths, from its end to its middle, `reach` pixels on. Room for width + 2 reach
 * numbers, and for width more. */
void blur(const uint8_t *grey, int64_t width, int64_t height, const uint16_t *bell, int64_t reach, uint16_t *room,
          uint32_t *sums, uint8_t *out) {
    uint16_t *down = room + reach;
    for (int64_t row = 0; row < height; row++, out += width) {
        const uint8_t *here = grey + width * row;
        for (int64_t x = 0; x < width; x++) {
            down[x] = bell[reach] * here[x];
        }
        for (int64_t away = 1; away <= reach; away++) {
            const uint8_t *above = grey + width * mirrored(row - away, height);
            const uint8_t *below = grey + width * mirrored(row + away, height);
            const uint16_t weight = bell[reach - away];
            for (int64_t x = 0; x < width; x++) {
                down[x] += weight * (above[x] + below[x]);
            }
        }
        for (int64_t beside = 1; beside <= reach; beside++) {
            down[-beside] = down[beside];
            down[width - 1 + beside] = down[width - 1 - beside];
        }
        for (int64_t x = 0; x < width; x++) {
            sums[x] = (uint32_t)bell[reach] * down[x] + (1 << 15);
        }
        for (int64_t away = 1; away <= reach; away++) {
            const uint16_t weight = bell[reach - away];
            for (int64_t x = 0; x < width; x++) {
                sums[x] += (uint32_t)weight * down[x - away] + (uint32_t)weight * down[x + away];
            }
        }
        for (int64_t x = 0; x < width; x++) {
            out[x] = (uint8_t)(sums[x] >> 16);
        }
    }
}

/* The length of Sobel's gradient, 3 x 3. Room for 2 (width + 2) numbers. */
void steepness(const uint8_t *grey, int64_t width, int64_t height, int16_t *room, float *out) {
    int16_t *sum = room + 1, *rise = sum + width + 2;
    for (int64_t row = 0; row < height; row++, out += width) {
        const uint8_t *here = grey + width * row;
        const uint8_t *above = grey + width * mirrored(row - 1, height);
        const uint8_t *below = grey + width * mirrored(row + 1, height);
        for (int64_t x = 0; x < width; x++) {
            sum[x] = (int16_t)(above[x] + 2 * here[x] + below[x]);
            rise[x] = (int16_t)(below[x] - above[x]);
        }
        sum[-1] = sum[1], sum[width] = sum[width - 2];
        rise[-1] = rise[1], rise[width] = rise[width - 2];
        for (int64_t x = 0; x < width; x++) {
            float right = (float)(sum[x + 1] - sum[x - 1]), down = (float)(rise[x - 1] + 2 * rise[x] + rise[x + 1]);
            out[x] = __builtin_sqrtf(right * right + down * down);
        }
    }
}
