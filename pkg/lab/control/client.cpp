#include "pkg/lab/control/client.h"

#include <array>
#include <filesystem>

#include "pkg/async/loop.h"
#include "pkg/async/real_clock.h"
#include "pkg/base/text.h"
#include "pkg/http/beast/client.h"
#include "pkg/lab/lxc/instance.h"
#include "pkg/schema/json.h"

namespace gantry::lab {
namespace {

constexpr auto kTimeout = std::chrono::hours(24);  // commands may take as long as they like

ErrorClass class_of(const std::string& name) {
  constexpr std::array kAll = {
      ErrorClass::not_found, ErrorClass::invalid,     ErrorClass::permission,
      ErrorClass::locked,    ErrorClass::task_failed, ErrorClass::timeout,
      ErrorClass::transport, ErrorClass::conflict,    ErrorClass::already_exists};
  for (const auto each : kAll)
    if (to_string(each) == name) return each;
  return ErrorClass::remote;
}

Async<Result<http::Response>> send(async::Loop& loop, async::Clock& clock, const RunningLab& lab,
                                   http::Request request) {
  GANTRY_CO_TRY_ASSIGN(auto endpoint, http::parse_endpoint(lab.url));
  http::TlsTrust trust;
  trust.fingerprint = lab.fingerprint;
  http::beast::ClientOptions options;
  auto client = http::beast::make_client(loop.executor(), clock, endpoint, trust, options);
  auto response = co_await client->send(std::move(request), kTimeout);
  co_return response;
}

}  // namespace

Result<RunningLab> find_lab(const std::string& folder) {
  std::error_code code;
  const auto real = std::filesystem::canonical(folder, code);
  const auto text = lxc::read_file(real.string() + "/lab.json");
  const auto token = lxc::read_file(real.string() + "/control.token");
  if (code || !text.ok() || !token.ok()) return not_found("no lab runs in %s", folder);
  GANTRY_TRY_ASSIGN(const auto json, schema::parse_json(*text));
  return RunningLab{.folder = real.string(),
                    .backend = json.string_or("backend", ""),
                    .url = json.string_or("url", ""),
                    .fingerprint = json.string_or("fingerprint", ""),
                    .token = std::string(trim(*token)),
                    .pid = json.integer_or("pid", 0)};
}

Result<Json> control(const RunningLab& lab, const std::string& verb, const Json& arguments) {
  async::Loop loop;
  async::RealClock clock;
  http::Request request;
  request.method = "POST";
  request.target = "/lab/" + verb;
  request.headers["Authorization"] = "Bearer " + lab.token;
  request.headers["Content-Type"] = "application/json";
  request.body = schema::to_json(arguments);
  GANTRY_TRY_ASSIGN(const auto response, loop.block_on(send(loop, clock, lab, std::move(request))));
  auto body = schema::parse_json(response.body);
  if (response.status == 200) return body;
  if (!body.ok())
    return error(ErrorClass::remote, "%s: the lab answered %d", verb, response.status);
  return make_error(class_of(body->string_or("class", "")), body->string_or("error", ""));
}

}  // namespace gantry::lab
