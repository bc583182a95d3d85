#include "pkg/http/beast/wire.h"

#include "pkg/base/testing.h"

namespace gantry::http::beast {
namespace {

using ::gantry::testing::Fails;
using ::gantry::testing::IsOkAndHolds;

const Endpoint kNode{"pve1.example", 8006, true};

TEST(RenderRequest, NamesTheHostAndFramesTheBody) {
  Request request;
  request.headers["Accept"] = "application/json";
  request.headers["transfer-encoding"] = "chunked";
  EXPECT_THAT(render_request(request, kNode),
              IsOkAndHolds("GET / HTTP/1.1\r\nHost: pve1.example:8006\r\n"
                           "Accept: application/json\r\n\r\n"));
  request.headers.clear();
  request.method = "PUT";
  EXPECT_THAT(render_request(request, Endpoint{"::1", 443, true}),
              IsOkAndHolds("PUT / HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 0\r\n\r\n"));
}

TEST(RenderRequest, LetsNothingBreakTheFraming) {
  const auto with = [](const std::function<void(Request&)>& change) {
    Request request;
    change(request);
    return render_request(request, kNode);
  };
  EXPECT_THAT(with([](Request& r) { r.method = "GET /x HTTP/1.1\r\n"; }),
              Fails(ErrorClass::invalid));
  EXPECT_THAT(with([](Request& r) { r.target = "/a\r\nX: y"; }), Fails(ErrorClass::invalid));
  EXPECT_THAT(with([](Request& r) { r.target = "/a b"; }), Fails(ErrorClass::invalid));
  EXPECT_THAT(with([](Request& r) { r.headers["A: b\r\nC"] = "d"; }), Fails(ErrorClass::invalid));
  EXPECT_THAT(with([](Request& r) { r.headers["A"] = "b\nC: d"; }), Fails(ErrorClass::invalid));
}

TEST(RenderHead, SaysHowTheBodyEnds) {
  Response response;
  response.body = "abc";
  response.headers["Content-Length"] = "99";
  EXPECT_THAT(render_head(response, Framing::length, true),
              IsOkAndHolds("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"
                           "Connection: keep-alive\r\n\r\n"));
  EXPECT_THAT(render_head(response, Framing::chunked, false),
              IsOkAndHolds("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                           "Connection: close\r\n\r\n"));
  response.status = 204;
  EXPECT_THAT(render_head(response, Framing::none, true),
              IsOkAndHolds("HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n"));
}

TEST(RenderHead, LetsNothingBreakTheFraming) {
  Response response;
  response.reason = "OK\r\nX: y";
  EXPECT_THAT(render_head(response, Framing::none, true), Fails(ErrorClass::invalid));
  response.reason = "";
  response.status = 42;
  EXPECT_THAT(render_head(response, Framing::none, true), Fails(ErrorClass::invalid));
}

TEST(RenderChunk, NeverEndsTheBodyByAccident) {
  EXPECT_EQ(render_chunk(std::string(16, 'x')), "10\r\n" + std::string(16, 'x') + "\r\n");
  EXPECT_EQ(render_chunk(""), "");
  EXPECT_EQ(render_chunk(std::string("\0\r", 2)), std::string("2\r\n\0\r\r\n", 7));
}

}  // namespace
}  // namespace gantry::http::beast
