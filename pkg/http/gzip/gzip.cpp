#include "pkg/http/gzip/gzip.h"

#include <array>
#include <utility>

#include <zlib.h>

#include "pkg/base/check.h"
#include "pkg/base/text.h"

namespace gantry::http {
namespace {

constexpr int kRawDeflate = -15;  // the largest window, no zlib header
constexpr int kMemory = 8;
constexpr size_t kSpace = 16 * 1024;
// RFC 1952 §2.3: deflate, no name, no time, fastest, Unix.
constexpr std::string_view kHeader("\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\x03", 10);

Bytef* bytes_of(std::string_view text) {
  // zlib only reads.
  return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(text.data()));
}

void append_number(uint32_t number, std::string& out) {
  for (int i = 0; i < 4; ++i) out += static_cast<char>(number >> (8 * i) & 0xff);
}

uint32_t crc_of(uint32_t crc, std::string_view text) {
  return static_cast<uint32_t>(crc32_z(crc, bytes_of(text), text.size()));
}

}  // namespace

struct Gzip::Stream {
  z_stream z{};
  Stream() {
    const int made =
        deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, kRawDeflate, kMemory, Z_DEFAULT_STRATEGY);
    GANTRY_CHECK(made == Z_OK);
  }
  ~Stream() { deflateEnd(&z); }
};

Gzip::Gzip() : stream_(std::make_unique<Stream>()) {}
Gzip::~Gzip() = default;

void Gzip::run(std::string_view plain, int flush, std::string& out) {
  if (!std::exchange(begun_, true)) out += kHeader;
  auto& z = stream_->z;
  z.next_in = bytes_of(plain);
  z.avail_in = static_cast<uInt>(plain.size());
  std::array<char, kSpace> space;
  do {
    z.next_out = reinterpret_cast<Bytef*>(space.data());
    z.avail_out = kSpace;
    (void)deflate(&z, flush);
    out.append(space.data(), kSpace - z.avail_out);
  } while (z.avail_out == 0);
}

void Gzip::add(std::string_view plain, std::string& out) {
  constexpr size_t kMost = size_t{1} << 30;
  crc_ = crc_of(crc_, plain);
  size_ += plain.size();
  for (size_t at = 0; at < plain.size(); at += kMost) run(plain.substr(at, kMost), Z_NO_FLUSH, out);
}

void Gzip::finish(std::string& out) {
  run({}, Z_FINISH, out);
  append_number(crc_, out);
  append_number(static_cast<uint32_t>(size_), out);
}

GzipPrefix Gzip::end_prefix(std::string out) {
  run({}, Z_FULL_FLUSH, out);
  out.shrink_to_fit();
  return GzipPrefix{std::move(out), crc_, size_};
}

std::string text_after(const GzipPrefix& prefix, std::string_view tail) {
  // A full flush ends at a byte and refers to nothing before: another deflate may go on from there.
  Gzip rest;
  std::string out;
  rest.add(tail, out);
  rest.finish(out);
  out = out.substr(kHeader.size(), out.size() - kHeader.size() - 8);
  const auto size = static_cast<z_off_t>(tail.size());
  append_number(static_cast<uint32_t>(crc32_combine(prefix.crc, crc_of(0, tail), size)), out);
  append_number(static_cast<uint32_t>(prefix.size + tail.size()), out);
  return out;
}

bool accepts_gzip(std::string_view accept_encoding) {
  for (const auto& part : split(accept_encoding, ',')) {
    const auto pieces = split(part, ';');
    const auto name = to_lower(trim(pieces.front()));
    if (name != "gzip" && name != "*") continue;
    const bool refused = pieces.size() > 1 && starts_with(trim(pieces[1]), "q=0") &&
                         trim(pieces[1]).find_first_of("123456789") == std::string_view::npos;
    return !refused;
  }
  return false;
}

}  // namespace gantry::http
