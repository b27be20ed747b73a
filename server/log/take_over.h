// SPDX-License-Identifier: Apache-2.0
#pragma once

// take_over: from here on everything that this process says on standard error is a line of the log:
// what gRPC and protobuf have to say too, escaped, bounded and limited, for it may hold what a
// client sent. If the process aborts, what was logged before is written first.
//
// For the beginning of main. In a program that has it, a standard descriptor that is closed at the
// start becomes /dev/null, or the log would be written into the first socket that gets its number.

namespace weir::log {

void take_over();

}  // namespace weir::log
