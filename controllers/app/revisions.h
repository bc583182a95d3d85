#pragma once
// Revisions: what went out, kept as Secrets of their own so that it can go out again.
#include <optional>
#include <string>

#include "api/core/secret.h"
#include "api/v1alpha1/app.h"
#include "controllers/app/bootstrap/workload.h"

namespace gantry::controllers::app {

inline constexpr const char* kRevisionType = "gantry.dev/app-revision";
inline constexpr int kRevisionsKept = 10;

// "wiki.r3"
std::string revision_name(const std::string& app, int number);
// Holds exactly what is put into containers, values of Secrets included, and the parts of the spec
// that it came from. Immutable, owned by the App.
api::core::Secret revision_secret(const api::v1alpha1::App& app, int number,
                                  const ResolvedWorkload& workload);
// What is in it. Schema when it is none of ours, or damaged.
Result<ResolvedWorkload> workload_of(const api::core::Secret& secret);
// Its hash; empty when it is none.
std::string revision_of(const api::core::Secret& secret);

// The revision with that hash in the App's history; nullptr when it is not there.
const api::v1alpha1::AppRevision* find_revision(const api::v1alpha1::App& app,
                                                const std::string& revision);

// Of a revision that has run before: the images that it ran.
Result<ResolvedWorkload> with_images(const api::v1alpha1::App& app,
                                     Result<ResolvedWorkload> workload);
// Writes down what a revision runs, where that is not known yet.
void note_images(api::v1alpha1::App& app, const std::string& revision,
                 const std::vector<UsedImage>& images);

}  // namespace gantry::controllers::app
