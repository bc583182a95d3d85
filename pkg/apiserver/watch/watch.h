#pragma once
// Watches: a list's current state and its changes, as a stream of JSON lines.
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "api/meta/kind.h"
#include "pkg/apiserver/present/accept.h"
#include "pkg/apiserver/request/request_info.h"
#include "pkg/apiserver/watch/pace.h"
#include "pkg/async/clock.h"
#include "pkg/http/http.h"
#include "pkg/store/reader.h"

namespace gantry::apiserver {

// How many watches a client has open. One for all requests of a server.
class WatchLimits {
 public:
  explicit WatchLimits(int per_client) : per_client_(per_client) {}

  // A place among a client's watches, given back at its end.
  class Place {
   public:
    Place(WatchLimits& limits, std::string client) : limits_(&limits), client_(std::move(client)) {}
    Place(Place&& other) noexcept
        : limits_(std::exchange(other.limits_, nullptr)), client_(std::move(other.client_)) {}
    Place& operator=(Place&&) = delete;
    ~Place();

   private:
    WatchLimits* limits_;
    std::string client_;
  };
  // nullopt: the client has too many.
  std::optional<Place> take(const std::string& client);
  int open() const;

 private:
  int per_client_;
  std::map<std::string, int> open_;
};

struct WatchRequest {
  WatchRequest(const api::meta::Kind& of_kind, const RequestInfo& with_info, Accepted shown_as,
               std::string by)
      : kind(of_kind), info(with_info), accepted(shown_as), client(std::move(by)) {}
  const api::meta::Kind& kind;
  const RequestInfo& info;
  Accepted accepted;
  std::string client;  // who counts for WatchLimits
};

// What all watches share.
struct Watching {
  store::Reader& reader;
  async::Clock& clock;
  WatchLimits limits;
  Pace pace{clock};
};

// Answers a request that is refused, or streams until the client is gone, its timeout has passed,
// or it has fallen behind (410 as an event). 429 for a client with too many watches.
Async<std::optional<http::Response>> serve_watch(Watching& watching, WatchRequest request,
                                                 http::ResponseStream& stream);

}  // namespace gantry::apiserver
