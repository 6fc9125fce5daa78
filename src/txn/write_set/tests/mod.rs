mod ascending_pieces;
mod changes_agree;
mod common_beginnings;
mod model;
mod sorted_by_key;
