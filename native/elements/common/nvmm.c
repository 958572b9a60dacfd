#include "nvmm.h"
