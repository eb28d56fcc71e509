package dev.pynet.bokeh.core

/** What a user can mend: what is wrong, with which value, and how to mend it; both are shown as they are. */
class Refused(val problem: String, val fix: String) : Exception("$problem $fix")

/** The user cancelled the work. */
class Cancelled : Exception("cancelled")
