#include "trace/trace-hw_puck.h"
