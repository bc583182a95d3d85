#include "controllers/app/bootstrap/symptoms.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "pkg/base/text.h"

namespace gantry::controllers::app {
namespace {

// All of the words must be there. The first row that fits wins: causes before effects.
struct Symptom {
  std::array<std::string_view, 2> words;
  const char* code;
};
constexpr Symptom kSymptoms[] = {
    // runc and the container's own limits.
    {{"ip_unprivileged_port_start", "permission denied"}, "DKR-005"},
    {{"ip_unprivileged_port_start", "reopen fd"}, "DKR-005"},
    {{"apparmor", "permission denied"}, "DKR-005"},
    {{"session keyring", ""}, "DKR-003"},
    {{"create session key", ""}, "DKR-003"},
    {{"mount", "proc: operation not permitted"}, "DKR-003"},
    {{"mount", "/proc: permission denied"}, "DKR-003"},
    {{"overlay", "invalid argument"}, "DKR-006"},
    {{"overlay", "not supported"}, "DKR-006"},
    // What a full disk breaks says so.
    {{"no space left on device", ""}, "STO-001"},
    {{"cannot connect to the docker daemon", ""}, "DKR-002"},
    {{"is the docker daemon running", ""}, "DKR-002"},
    {{"port is already allocated", ""}, "WKL-002"},
    {{"address already in use", ""}, "WKL-002"},
    // Registries.
    {{"toomanyrequests", ""}, "TPL-006"},
    {{"429", "too many requests"}, "TPL-006"},
    {{"manifest unknown", ""}, "TPL-006"},
    {{"manifest for", "not found"}, "TPL-006"},
    {{"pull access denied", ""}, "TPL-006"},
};

bool fits(const Symptom& symptom, const std::string& text) {
  return std::ranges::all_of(symptom.words, [&text](std::string_view word) {
    return text.find(word) != std::string::npos;
  });
}

}  // namespace

Status diagnosed(Status status, const std::string& otherwise) {
  if (status.ok() || catalogue_code(status)) return status;
  const auto said = to_lower(message_of(status));
  const auto* found = std::ranges::find_if(
      kSymptoms, [&said](const Symptom& symptom) { return fits(symptom, said); });
  if (found != std::end(kSymptoms)) return with_code(std::move(status), found->code);
  // Only what the container answered is the container's fault.
  if (otherwise.empty() || error_class(status) != ErrorClass::remote) return status;
  return with_code(std::move(status), otherwise);
}

}  // namespace gantry::controllers::app
