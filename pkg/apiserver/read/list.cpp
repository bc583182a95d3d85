#include <algorithm>

#include "pkg/apiserver/present/renderer.h"
#include "pkg/apiserver/query/filter.h"
#include "pkg/apiserver/read/read.h"

namespace gantry::apiserver {
namespace {

// A list up to this size is one response, as it is; beyond it is streamed, and compressed for those
// who take it.
constexpr size_t kWholeMax = 128 * 1024;
constexpr size_t kChunk = 128 * 1024;
// Plain text up to this size is compressed once for all; beyond for each client.
constexpr size_t kPackedMax = size_t{64} << 20;

// Writes a list's text chunk by chunk.
class Text {
 public:
  Text(const Renderer& renderer, const ListMeta& meta, std::vector<store::RecordPtr> items)
      : renderer_(renderer), frame_(renderer.frame(meta)), items_(std::move(items)) {}

  // The text goes on with about kChunk bytes; false when everything has been said but the end.
  bool next(std::string& out) {
    if (next_ == 0 && !begun_) out += frame_.begin;
    begun_ = true;
    while (next_ < items_.size() && out.size() < kChunk) {
      renderer_.append_item(*items_[next_], next_ == 0, out);
      items_[next_].reset();  // an old version goes as soon as it was told
      ++next_;
    }
    return next_ < items_.size();
  }
  const std::string& end() const { return frame_.end; }

 private:
  const Renderer& renderer_;
  Renderer::Frame frame_;
  std::vector<store::RecordPtr> items_;
  size_t next_ = 0;
  bool begun_ = false;
};

size_t size_of(const std::vector<store::RecordPtr>& items) {
  size_t size = 0;
  for (const auto& item : items) size += item->text.size();
  return size;
}

http::Response head_of(const Renderer& renderer, bool gzip) {
  http::Response head;
  head.headers["Content-Type"] = renderer.content_type();
  head.headers["Vary"] = "Accept-Encoding";
  if (gzip) head.headers["Content-Encoding"] = "gzip";
  return head;
}

Async<Status> stream_plain(Text text, http::Response head, http::ResponseStream& stream) {
  GANTRY_CO_TRY(co_await stream.start(std::move(head)));
  bool more = true;
  while (more) {
    std::string chunk;
    chunk.reserve(kChunk + kChunk / 8);
    more = text.next(chunk);
    if (!more) chunk += text.end();
    GANTRY_CO_TRY(co_await stream.write(std::move(chunk)));
  }
  co_return Status();
}

Async<Status> stream_compressed(Text text, http::Response head, http::ResponseStream& stream) {
  GANTRY_CO_TRY(co_await stream.start(std::move(head)));
  http::Gzip gzip;
  bool more = true;
  while (more) {
    std::string chunk;
    more = text.next(chunk);
    if (!more) chunk += text.end();
    std::string packed;
    gzip.add(chunk, packed);
    if (!more) gzip.finish(packed);
    GANTRY_CO_TRY(co_await stream.write(std::move(packed)));
    co_await async::yield();
  }
  co_return Status();
}

// Everything but the end. Others go on in between. Null when the caller was cancelled.
Async<PackedList> pack(Text text) {
  http::Gzip gzip;
  std::string packed;
  bool more = true;
  while (more) {
    std::string chunk;
    more = text.next(chunk);
    gzip.add(chunk, packed);
    co_await async::yield();
    const bool stopping = co_await async::is_cancelled();
    if (stopping) co_return nullptr;
  }
  co_return std::make_shared<const http::GzipPrefix>(gzip.end_prefix(std::move(packed)));
}

Async<Status> stream_packed(PackedList packed, std::string end, http::Response head,
                            http::ResponseStream& stream) {
  GANTRY_CO_TRY(co_await stream.start(std::move(head)));
  std::string_view bytes = packed->bytes;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(kChunk, bytes.size()))) {
    std::string chunk(bytes.substr(0, kChunk));
    GANTRY_CO_TRY(co_await stream.write(std::move(chunk)));
  }
  auto rest = http::text_after(*packed, end);
  co_return co_await stream.write(std::move(rest));
}

class Lister {
 public:
  Lister(Reading& reading, const ReadRequest& request, http::ResponseStream& stream)
      : reading_(reading),
        request_(request),
        stream_(stream),
        renderer_(request.kind, request.accepted, request.info.query("includeObject"),
                  reading.clock.now()) {}

  Async<Answer> run() {
    auto query = parse_query(request_.kind, request_.info);
    if (!query.ok()) co_return bad_request(message_of(query.status())).to_response();
    if (auto wrong = read_list_options(request_.info, reading_.tokens, options_))
      co_return wrong->to_response();
    query_ = *std::move(query);
    auto late = co_await wait_for_revision(reading_.reader, reading_.clock, options_.revision);
    if (late) co_return late->to_response();
    auto page = co_await read_page();
    if (!page.ok()) co_return refuse(page.status()).to_response();
    co_return co_await answer(*std::move(page));
  }

 private:
  Async<Result<store::Page>> read_page() {
    if (options_.as_of != ListOptions::AsOf::exact)
      co_return reading_.reader.list(query_, options_.part);
    auto query = query_;
    auto part = options_.part;
    co_return co_await reading_.reader.list_at(std::move(query), std::move(part),
                                               options_.revision);
  }

  ApiError refuse(const Status& status) const {
    if (!store::is_expired(status)) return to_api_error(status, request_.info);
    if (request_.info.query("continue").empty()) return list_expired();
    const ContinueToken from_now{ContinueToken::kInconsistent, options_.part.after};
    return continue_expired(reading_.tokens.encode(from_now, options_.list));
  }

  ListMeta meta_of(const store::Page& page) const {
    ListMeta meta;
    meta.revision = page.revision;
    if (page.remaining == 0) return meta;
    const auto& last = page.items.back()->key;
    meta.continue_token =
        reading_.tokens.encode({page.revision, {last.ns, last.name}}, options_.list);
    if (query_.selector.empty()) meta.remaining = page.remaining;
    return meta;
  }

  Async<Answer> answer(store::Page page) {
    const auto meta = meta_of(page);
    const auto size = size_of(page.items);
    if (size <= kWholeMax) {
      Text text(renderer_, meta, std::move(page.items));
      auto response = head_of(renderer_, false);
      while (text.next(response.body)) {
      }
      response.body += text.end();
      co_return response;
    }
    // Whatever ends it, the stream has begun: there is nobody left to tell.
    (void)co_await send(std::move(page), meta, size);
    co_return std::nullopt;
  }

  bool is_shared(const store::Page& page, size_t size) const {
    const bool whole = options_.as_of != ListOptions::AsOf::exact && page.remaining == 0 &&
                       options_.part.after == store::Place();
    const bool compact = !request_.accepted.pretty && !request_.accepted.yaml;
    const bool current = reading_.reader.changed_at(query_.resource) <= page.revision;
    return whole && compact && current && renderer_.is_timeless() && size <= kPackedMax;
  }

  std::string cache_key() const {
    const auto& accepted = request_.accepted;
    return options_.list + "\n" + std::to_string(static_cast<int>(accepted.shape)) +
           (accepted.drop_managed_fields ? "-" : "+");
  }

  Async<Status> send(store::Page page, ListMeta meta, size_t size) {
    const bool gzip = request_.gzip;
    const bool shared = gzip && is_shared(page, size);
    if (!shared) {
      Text text(renderer_, meta, std::move(page.items));
      auto head = head_of(renderer_, gzip);
      auto sending = gzip ? stream_compressed(std::move(text), std::move(head), stream_)
                          : stream_plain(std::move(text), std::move(head), stream_);
      co_return co_await std::move(sending);
    }
    auto packed = co_await packed_list(std::move(page), meta);
    if (!packed) co_return async::cancelled();
    auto end = renderer_.frame(meta).end;
    auto head = head_of(renderer_, true);
    co_return co_await stream_packed(std::move(packed), std::move(end), std::move(head), stream_);
  }

  // Packed by whoever comes first. The page shows the collection as of its last change, and so
  // does the text, however long packing takes: only the end tells the revision.
  Async<PackedList> packed_list(store::Page page, ListMeta meta) {
    const auto entry =
        reading_.cache.find(cache_key(), reading_.reader.changed_at(query_.resource));
    while (!entry->packed) {
      if (!entry->building) {
        ListCache::begin(*entry);
        Text text(renderer_, meta, std::move(page.items));
        auto packed = co_await pack(std::move(text));
        reading_.cache.finish(*entry, packed);
        co_return packed;
      }
      const Status waited = co_await entry->done.wait();
      if (!waited.ok()) co_return nullptr;
    }
    co_return entry->packed;
  }

  Reading& reading_;
  const ReadRequest& request_;
  http::ResponseStream& stream_;
  Renderer renderer_;
  ListOptions options_;
  store::Query query_;
};

}  // namespace

Async<Answer> serve_list(Reading& reading, ReadRequest request, http::ResponseStream& stream) {
  Lister lister(reading, request, stream);
  co_return co_await lister.run();
}

}  // namespace gantry::apiserver
