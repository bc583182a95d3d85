#pragma once
// HTTP/1.1 messages into bytes. Nothing a caller puts into a header can break the framing.
#include <string>

#include "pkg/http/http.h"

namespace gantry::http::beast {

// How the end of a response's body is told.
enum class Framing { length, chunked, until_close, none, upgraded };

// Head and body. Content-Length, Host and Connection are ours; kInvalid when method, target or a
// header would not be valid HTTP.
Result<std::string> render_request(const Request& request, const Endpoint& endpoint);

// The head only. With Framing::length the Content-Length is that of response.body. kInvalid as
// above.
Result<std::string> render_head(const Response& response, Framing framing, bool keep_alive);

// One chunk of a chunked body; empty bytes give an empty string, as an empty chunk is the end.
std::string render_chunk(std::string bytes);
// The end of a chunked body.
inline constexpr const char* kLastChunk = "0\r\n\r\n";

}  // namespace gantry::http::beast
