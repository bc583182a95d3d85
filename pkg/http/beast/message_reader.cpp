#include "pkg/http/beast/message_reader.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "pkg/base/text.h"

namespace gantry::http::beast {
namespace {

namespace bh = boost::beast::http;

std::string text_of(boost::beast::string_view view) {
  return {view.data(), view.size()};
}

template <class Parser>
void set_limits(const ReaderLimits& limits, Parser& parser) {
  parser.eager(true);
  parser.header_limit(limits.header_bytes);
  if (limits.body_bytes) {
    parser.body_limit(*limits.body_bytes);
  } else {
    parser.body_limit(boost::none);
  }
}

// Beast refuses every version but 1.0 and 1.1 alike; only a well-formed one is worth a 505.
bool names_a_version(std::string_view bytes) {
  const auto line = trim(bytes.substr(0, bytes.find('\n')));
  const auto space = line.rfind(' ');
  if (space == std::string_view::npos) return false;
  const auto version = line.substr(space + 1);
  const auto digit = [&](size_t at) { return version[at] >= '0' && version[at] <= '9'; };
  return version.size() == 8 && version.starts_with("HTTP/") && digit(5) && version[6] == '.' &&
         digit(7);
}

Fault fault_of(boost::system::error_code error, std::string_view bytes) {
  if (error == bh::error::body_limit) return {413, "the body is too large"};
  if (error == bh::error::header_limit) return {431, "the headers are too large"};
  if (error == bh::error::bad_version && names_a_version(bytes))
    return {505, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
  return {400, "no valid HTTP: " + error.message()};
}

template <class Parser>
size_t put_into(Parser& parser, std::string_view bytes, std::optional<Fault>& fault) {
  if (fault || parser.is_done() || bytes.empty()) return 0;
  boost::system::error_code error;
  const auto taken = parser.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  if (error && error != bh::error::need_more) fault = fault_of(error, bytes);
  return taken;
}

}  // namespace

struct RequestReader::State {
  bh::request_parser<bh::string_body> parser;
  std::optional<Fault> fault;

  std::string field(bh::field name) { return text_of(parser.get()[name]); }
};

RequestReader::RequestReader(ReaderLimits limits) : state_(std::make_unique<State>()) {
  set_limits(limits, state_->parser);
}
RequestReader::~RequestReader() = default;

size_t RequestReader::put(std::string_view bytes) {
  const bool was_head = head_done();
  const auto taken = put_into(state_->parser, bytes, state_->fault);
  if (was_head || !head_done() || state_->fault) return taken;
  const auto hosts = state_->parser.get().count(bh::field::host);
  if (hosts > 1 || (hosts == 0 && !is_http_1_0()))
    state_->fault = Fault{400, "exactly one Host header is needed"};
  return taken;
}

const std::optional<Fault>& RequestReader::fault() const {
  return state_->fault;
}
bool RequestReader::head_done() const {
  return state_->parser.is_header_done();
}
bool RequestReader::done() const {
  return !state_->fault && state_->parser.is_done();
}
bool RequestReader::keep_alive() const {
  return state_->parser.keep_alive();
}
bool RequestReader::is_http_1_0() const {
  return state_->parser.get().version() == 10;
}

bool RequestReader::expects_continue() const {
  return head_done() && !done() && !is_http_1_0() &&
         to_lower(state_->field(bh::field::expect)) == "100-continue";
}

Request RequestReader::take() {
  auto& message = state_->parser.get();
  Request request;
  request.method = text_of(message.method_string());
  request.target = text_of(message.target());
  for (const auto& field : message) {
    const auto [at, is_new] =
        request.headers.emplace(text_of(field.name_string()), text_of(field.value()));
    if (!is_new) at->second += ", " + text_of(field.value());
  }
  request.body = std::move(message.body());
  return request;
}

struct ResponseReader::State {
  using Parser = bh::response_parser<bh::string_body>;
  State(ReaderLimits reader_limits, bool head) : limits(reader_limits), to_head_request(head) {
    restart();
  }
  void restart() {
    parser.emplace();
    set_limits(limits, *parser);
    parser->skip(to_head_request);
  }
  bool is_interim() const {
    const auto status = parser->get().result_int();
    return parser->is_done() && status >= 100 && status < 200 && status != 101;
  }

  ReaderLimits limits;
  bool to_head_request;
  std::optional<Parser> parser;
  std::optional<Fault> fault;
};

ResponseReader::ResponseReader(ReaderLimits limits, bool to_head_request)
    : state_(std::make_unique<State>(limits, to_head_request)) {}
ResponseReader::~ResponseReader() = default;

size_t ResponseReader::put(std::string_view bytes) {
  auto taken = put_into(*state_->parser, bytes, state_->fault);
  while (!state_->fault && state_->is_interim()) {
    state_->restart();
    taken += put_into(*state_->parser, bytes.substr(taken), state_->fault);
  }
  return taken;
}

bool ResponseReader::put_eof() {
  if (state_->fault || !head_done()) return false;
  boost::system::error_code error;
  state_->parser->put_eof(error);
  return !error && state_->parser->is_done();
}

const std::optional<Fault>& ResponseReader::fault() const {
  return state_->fault;
}
bool ResponseReader::head_done() const {
  return state_->parser->is_header_done();
}
bool ResponseReader::done() const {
  return !state_->fault && state_->parser->is_done();
}
bool ResponseReader::keep_alive() const {
  return state_->parser->keep_alive();
}

Response ResponseReader::head() const {
  const auto& message = state_->parser->get();
  Response response;
  response.status = static_cast<int>(message.result_int());
  response.reason = text_of(message.reason());
  for (const auto& field : message)
    response.headers.insert_or_assign(text_of(field.name_string()), text_of(field.value()));
  return response;
}

std::string ResponseReader::take_body() {
  return std::exchange(state_->parser->get().body(), {});
}

}  // namespace gantry::http::beast
