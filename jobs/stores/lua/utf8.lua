-- Tells text from other bytes: stands before the script that takes over what strangers have put in.

local is_text
do -- a script may have 200 names that all of it sees
  -- The bytes of a character that has more than one.
  local CHARACTERS = {
    '^[\194-\223][\128-\191]()', '^\224[\160-\191][\128-\191]()', '^[\225-\236\238\239][\128-\191][\128-\191]()',
    '^\237[\128-\159][\128-\191]()', '^\240[\144-\191][\128-\191][\128-\191]()',
    '^[\241-\243][\128-\191][\128-\191][\128-\191]()', '^\244[\128-\143][\128-\191][\128-\191]()',
  }

  -- Whether an id is UTF-8. If not, no worker, event or row can name it.
  function is_text(id)
    local at = string.find(id, '[\128-\255]')
    while at do
      local after
      for i = 1, #CHARACTERS do after = after or string.match(id, CHARACTERS[i], at) end
      if not after then return false end
      at = string.find(id, '[\128-\255]', after)
    end
    return true
  end
end
