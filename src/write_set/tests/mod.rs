mod ascending_pieces;
mod changes_agree;
mod common_beginnings;
mod model;
mod savepoints_agree;
mod sorted_by_key;
mod words_agree;
