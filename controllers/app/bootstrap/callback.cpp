#include "controllers/app/bootstrap/callback.h"

#include <absl/strings/str_format.h>

#include "controllers/app/bootstrap/setup.h"
#include "pkg/base/text.h"

namespace gantry::controllers::app {
namespace {

constexpr const char* kAuthority = "/var/lib/gantry/callback/ca.pem";
constexpr const char* kCurl = "/var/lib/gantry/callback/curl.conf";
constexpr const char* kWget = "/var/lib/gantry/callback/wget.conf";
constexpr const char* kTarget = "/var/lib/gantry/callback/url";

constexpr const char* kReport = R"(#!/bin/sh
# Written by Gantry. Says that something has changed here, so that Gantry looks at once instead of
# when it is due. It is heard once after each bootstrap; nothing depends on it.
here=/var/lib/gantry/callback
if command -v curl >/dev/null; then
  exec curl --config "$here/curl.conf"
elif wget --version 2>/dev/null | grep -q GNU; then  # busybox' takes no file of options
  exec wget --config="$here/wget.conf" --input-file="$here/url"
fi
echo "neither curl nor GNU wget is here: Gantry looks when it is due" >&2
exit 127
)";

// Asks the callback's route ($1) whether it is there, trusting $2 if that is not empty.
constexpr const char* kTry = R"(if command -v curl >/dev/null; then
  exec curl --silent --show-error --output /dev/null --max-time 5 --write-out '%{http_code}' \
    ${2:+--cacert "$2"} "$1"
elif wget --version 2>/dev/null | grep -q GNU; then
  exec wget --no-verbose --output-document=/dev/null --timeout=5 --tries=1 \
    ${2:+--ca-certificate="$2"} "$1"
fi
exit 127
)";
// Only a POST is a callback: anything else is answered so, and not counted.
constexpr const char* kRefused = "405";
constexpr size_t kWordsShown = 200;

// The status that was answered, in the words of either program; empty when nobody answered.
std::string answered(const guest::Exit& exit) {
  const auto by_curl = std::string(trim(exit.out));
  if (!by_curl.empty() && by_curl != "000") return by_curl;
  const auto at = exit.err.find("ERROR ");
  return at == std::string::npos ? "" : exit.err.substr(at + 6, 3);
}

std::string curl_config(const Callback& callback) {
  auto text = absl::StrFormat(
      "url = \"%s\"\nrequest = POST\nheader = \"Authorization: Bearer %s\"\nsilent\nshow-error\n"
      "fail\noutput = /dev/null\nmax-time = 10\n",
      callback.url, callback.token);
  if (!callback.ca_pem.empty()) text += std::string("cacert = ") + kAuthority + "\n";
  return text;
}

std::string wget_config(const Callback& callback) {
  auto text = absl::StrFormat(
      "post_data = heard\nheader = Authorization: Bearer %s\nquiet = on\n"
      "output_document = /dev/null\ntimeout = 10\ntries = 1\n",
      callback.token);
  if (!callback.ca_pem.empty()) text += std::string("ca_certificate = ") + kAuthority + "\n";
  return text;
}

}  // namespace

Async<Status> try_callback(Guest guest, Callback callback) {
  const std::string authority = callback.ca_pem.empty() ? "" : kAuthority;
  auto argv = argv_of("sh", "-c", kTry, "sh", callback.url, authority);
  const auto exit = co_await guest.run(std::move(argv), std::chrono::seconds(15));
  if (!exit.ok()) co_return exit.status();
  if (exit->code == 127) co_return make_error(ErrorClass::unsupported, "no curl, no GNU wget");
  const auto status = answered(*exit);
  if (status == kRefused) co_return Status();
  auto why = status.empty() ? last_line(exit->err) : callback.url + " answers " + status;
  if (why.empty()) why = absl::StrFormat("no answer, exit code %d", exit->code);
  co_return with_code(make_error(ErrorClass::remote, why.substr(0, kWordsShown)),
                      kCallbackUnreachable);
}

Async<Status> leave_callback(Setup& setup) {
  setup.look("leaving the way to call back");
  const auto& callback = *setup.workload().callback;
  std::vector<guest::File> files;
  files.push_back(small_file(kCurl, curl_config(callback)));
  files.push_back(small_file(kWget, wget_config(callback)));
  files.push_back(small_file(kTarget, callback.url + "\n"));
  if (!callback.ca_pem.empty()) files.push_back(small_file(kAuthority, callback.ca_pem));
  files.push_back(small_file(kReportProgram, kReport));
  files.back().mode = 0700;
  for (const auto& file : files) GANTRY_CO_TRY(co_await write_file(setup, file));
  co_return Status();
}

}  // namespace gantry::controllers::app
