#pragma once
// pods/exec: a command in a container, over WebSocket.
#include <optional>

#include "pkg/apiserver/pods/guests.h"
#include "pkg/apiserver/request/request_info.h"
#include "pkg/apiserver/request/status.h"
#include "pkg/apiserver/watch/watch.h"
#include "pkg/http/http.h"
#include "pkg/store/store.h"

namespace gantry::apiserver {

// What is served about pods beyond reading them; lives as long as the server.
struct PodService {
  store::Store& store;
  FindGuest find_guest;  // empty: there are no guests to reach
  // Commands at a time on a node: some of the command channel's places stay for the controllers.
  WatchLimits places{8};
  // … and over all nodes, as the channel's threads are (cmd/gantryd/connector.cpp).
  static constexpr int kPlacesMax = 24;

  // The way to a Machine's container, and a place on its node. Overload: too many are at it.
  Result<std::pair<GuestDoor, WatchLimits::Place>> enter(const Json& machine);
};

// Runs the command and tells its output and end; leaving kills it. Answers a Status where it cannot
// begin: no such Pod (404), nothing to reach it by (503), too many at it (429), SPDY or another
// sub-protocol (400).
Async<std::optional<http::Response>> serve_exec(PodService& service, const http::Request& request,
                                                const RequestInfo& info,
                                                http::ResponseStream& stream);

// Why a container cannot be reached, in the words of who tried: 503, or 429 for Overload.
ApiError guest_error(const Status& status, const RequestInfo& info);

// The Machine behind a Pod; kNotFound.
Result<Json> find_machine(const store::Store& store, const RequestInfo& info);

}  // namespace gantry::apiserver
