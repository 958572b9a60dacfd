# SPDX-License-Identifier: Apache-2.0
# What nvll_osd_struct.h declares.

cdef extern from "nvll_osd_struct.h" nogil:
    ctypedef enum NvOSD_Arrow_Head_Direction:
        START_HEAD
        END_HEAD
        BOTH_HEAD

    ctypedef struct NvBbox_Coords:
        float left
        float top
        float width
        float height

    ctypedef struct NvOSD_ColorParams:
        double red
        double green
        double blue
        double alpha

    ctypedef struct NvOSD_FontParams:
        char *font_name
        unsigned int font_size
        NvOSD_ColorParams font_color

    ctypedef struct NvOSD_TextParams:
        char *display_text
        unsigned int x_offset
        unsigned int y_offset
        NvOSD_FontParams font_params
        int set_bg_clr
        NvOSD_ColorParams text_bg_clr

    ctypedef struct NvOSD_RectParams:
        float left
        float top
        float width
        float height
        unsigned int border_width
        NvOSD_ColorParams border_color
        unsigned int has_bg_color
        NvOSD_ColorParams bg_color
        int has_color_info
        int color_id

    ctypedef struct NvOSD_MaskParams:
        float *data
        unsigned int size
        float threshold
        unsigned int width
        unsigned int height

    ctypedef struct NvOSD_LineParams:
        unsigned int x1
        unsigned int y1
        unsigned int x2
        unsigned int y2
        unsigned int line_width
        NvOSD_ColorParams line_color

    ctypedef struct NvOSD_ArrowParams:
        unsigned int x1
        unsigned int y1
        unsigned int x2
        unsigned int y2
        unsigned int arrow_width
        NvOSD_Arrow_Head_Direction arrow_head
        NvOSD_ColorParams arrow_color

    ctypedef struct NvOSD_CircleParams:
        unsigned int xc
        unsigned int yc
        unsigned int radius
        NvOSD_ColorParams circle_color
        unsigned int has_bg_color
        NvOSD_ColorParams bg_color
        unsigned int circle_width


# Where the angle of a rectangle is; NULL in versions of the ABI that have none.
cdef extern from * nogil:
    """
    #include <nvll_osd_struct.h>
    #if DSBIND_ABI >= 900
    #define dsbind_rotation(rect) (&(rect)->rotation_angle)
    #else
    #define dsbind_rotation(rect) ((float *)0)
    #endif
    """
    float *rotation_of "dsbind_rotation"(NvOSD_RectParams *rect)
