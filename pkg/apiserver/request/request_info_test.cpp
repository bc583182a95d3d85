#include "pkg/apiserver/request/request_info.h"

#include "pkg/base/testing.h"

namespace gantry::apiserver {
namespace {

using gantry::testing::IsOk;

struct PathRow {
  const char* method;
  const char* target;
  const char* want;  // verb resource namespace name subresource
};
class RequestPath : public ::testing::TestWithParam<PathRow> {};

TEST_P(RequestPath, IsReadAsKubernetesReadsIt) {
  http::Request request;
  request.method = GetParam().method;
  request.target = GetParam().target;
  const auto info = parse_request(request);
  ASSERT_THAT(info, IsOk());
  const auto got = info->is_resource ? info->verb + " " + info->resource() + " " + info->ns + " " +
                                           info->name + " " + info->subresource
                                     : "none";
  EXPECT_EQ(got, GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    Table, RequestPath,
    ::testing::Values(
        PathRow{"GET", "/api/v1/namespaces/default", "get namespaces  default "},
        PathRow{"GET", "/api/v1/namespaces", "list namespaces   "},
        PathRow{"GET", "/api/v1/namespaces/x/secrets/y", "get secrets x y "},
        PathRow{"GET", "/apis/gantry.dev/v1alpha1/apps?watch=true", "watch apps.gantry.dev   "},
        PathRow{"GET", "/apis/gantry.dev/v1alpha1/apps?watch=True", "watch apps.gantry.dev   "},
        PathRow{"GET", "/apis/gantry.dev/v1alpha1/namespaces/n/apps/a/status",
                "get apps.gantry.dev n a status"},
        PathRow{"GET", "/api/v1/namespaces/n/pods/p/log", "get pods n p log"},
        PathRow{"GET", "/api/v1/namespaces/n/pods/p/exec", "create pods n p exec"},
        PathRow{"POST", "/api/v1/namespaces/n/pods/p/exec", "create pods n p exec"},
        PathRow{"PATCH", "/api/v1/namespaces/n/status", "patch namespaces  n status"},
        PathRow{"POST", "/apis/gantry.dev/v1alpha1/namespaces/n/apps",
                "create apps.gantry.dev n  "},
        PathRow{"DELETE", "/apis/gantry.dev/v1alpha1/namespaces/n/apps",
                "deletecollection apps.gantry.dev n  "},
        PathRow{"GET", "/version/", "none"}, PathRow{"GET", "/apis", "none"},
        PathRow{"GET", "/apis/gantry.dev/v1alpha1", "none"}));

}  // namespace
}  // namespace gantry::apiserver
