//! Stories of whole passes, told as scripts: images appear, time passes, and what a pass decides and does is printed.

mod decisions;
mod ends;
mod stage;
