mod changes_agree;
mod model;
mod sorted_by_key;
