/* SPDX-License-Identifier: Apache-2.0 */
/* From the boxes of a network's input to the boxes of a frame. */
#ifndef DSBIND_INFER_DETECTOR_H
#define DSBIND_INFER_DETECTOR_H

#include "box_parser.h"
#include "outputs.h"

namespace dsbind::infer {

/* Boxes of the network's input into boxes of the frame, clipped to the region that was inferred;
 * drops those that the class's sizes and offsets leave out. */
void to_frame(const Config &config, const Placement &place, Boxes *boxes);

/* The same for one; false when it is dropped. */
bool to_frame(const Config &config, const Placement &place, Box *box);

/* Checks the number of classes that the config and the outputs tell, and fills in the other one;
 * `layer` names the output. 0 is not known. Throws Error. */
void agree_on_classes(Config *config, unsigned classes, const std::string &layer);

/* The thresholds of all classes, as parsers take them. */
void fill_thresholds(const Config &config, Thresholds *thresholds);

/* Whether a parser of the user's made a box that can be used. */
bool is_sound(const Box &box, const Thresholds &thresholds);

}  // namespace dsbind::infer

#endif
