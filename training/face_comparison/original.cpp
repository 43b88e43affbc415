// The original network by dlib itself: writes it out as XML, or embeds chips with it and tells what one took.
//
//   original xml   <weights.dat> <net.xml>
//   original embed <weights.dat> <chips> <embeddings>
//
// chips: n x 150 x 150 x 3 bytes, RGB, row-major. embeddings: n x 128 float32, native byte order.
// Built against Debian's libdlib-dev. The shape of the network is the one the weights were published for.
#include <dlib/dnn.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

namespace {

using namespace dlib;

constexpr long kSide = 150;
constexpr long kValues = 128;

// Two 3x3 convolutions with learnt scale and shift in place of batch normalisation; the first one may halve the picture.
template <int filters, int stride, typename Below>
using Pair = affine<con<filters, 3, 3, 1, 1, relu<affine<con<filters, 3, 3, stride, stride, Below>>>>>;

template <int filters, typename Below>
using Plain = relu<add_prev1<Pair<filters, 1, tag1<Below>>>>;

template <int filters, typename Below>
using Halving = relu<add_prev2<avg_pool<2, 2, 2, 2, skip1<tag2<Pair<filters, 2, tag1<Below>>>>>>>;

using Entry = max_pool<3, 3, 2, 2, relu<affine<con<32, 7, 7, 2, 2, input_rgb_image_sized<kSide>>>>>;
using Size32 = Plain<32, Plain<32, Plain<32, Entry>>>;
using Size64 = Plain<64, Plain<64, Plain<64, Halving<64, Size32>>>>;
using Size128 = Plain<128, Plain<128, Halving<128, Size64>>>;
using Size256 = Plain<256, Plain<256, Halving<256, Size128>>>;
using Original = loss_metric<fc_no_bias<kValues, avg_pool_everything<Halving<256, Size256>>>>;

void embed(Original& net, const std::string& from, const std::string& to) {
    std::ifstream chips(from, std::ios::binary);
    std::ofstream embeddings(to, std::ios::binary);
    std::vector<double> took_ms;
    matrix<rgb_pixel> chip(kSide, kSide);
    static_assert(sizeof(rgb_pixel) == 3, "pixels are packed");
    while (chips.read(reinterpret_cast<char*>(&chip(0, 0)), kSide * kSide * 3)) {
        const std::clock_t began = std::clock();  // processor time, so that a busy machine tells the same
        const matrix<float, 0, 1> values = net(chip);
        took_ms.push_back(1000.0 * static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC);
        embeddings.write(reinterpret_cast<const char*>(&values(0)), kValues * sizeof(float));
    }
    if (took_ms.empty()) throw std::runtime_error("no whole chip in " + from);
    std::sort(took_ms.begin(), took_ms.end());
    std::cout << took_ms[took_ms.size() / 2] << "\n";
}

}  // namespace

int main(int count, char** words) {
    const std::string what = count > 1 ? words[1] : "";
    if (!((what == "xml" && count == 4) || (what == "embed" && count == 5))) {
        std::cerr << "original xml <weights> <xml> | original embed <weights> <chips> <embeddings>\n";
        return 2;
    }
    try {
        Original net;
        deserialize(words[2]) >> net;
        if (what == "xml") net_to_xml(net, std::string(words[3]));
        else embed(net, words[3], words[4]);
    } catch (const std::exception& error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
    return 0;
}
