#pragma once
// The precompiled header of every test program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/pch.h"
